import { expect, test } from "vitest";
import { mediaJob, sources } from "../../../test/builders/core.ts";
import type { Job, Pod, StoredMediaJob } from "../api/resources.ts";
import { slimJob, slimMediaJob, slimPod } from "./slim.ts";

const metadata = {
  name: "beach-image-0-a1",
  namespace: "media",
  uid: "u",
  resourceVersion: "7",
  creationTimestamp: "2026-01-01T12:00:00Z",
  generation: 1,
  managedFields: [{ manager: "kubelet" }],
  finalizers: ["batch.kubernetes.io/job-tracking"],
};
const kept = {
  name: "beach-image-0-a1",
  namespace: "media",
  uid: "u",
  resourceVersion: "7",
  creationTimestamp: "2026-01-01T12:00:00Z",
};
const labels = { "mediajob.dev/unit": "image-0", "mediajob.dev/attempt": "1" };
const queue = { "kueue.x-k8s.io/queue-name": "media" };
const time = { lastTransitionTime: "2026-01-01T12:00:00Z" };

test.each([
  { name: "that goes on stay its sources", status: { phase: "Running" }, kept: 2 },
  { name: "that is over go its sources", status: { phase: "Failed" }, kept: 0 },
  {
    name: "that is retried stay its sources",
    status: { phase: "Failed" },
    spec: { retryGeneration: 1 },
    kept: 2,
  },
  {
    name: "that is deleted stay its sources: it claims its outputs until its workers have ended",
    status: { phase: "Failed" },
    deletionTimestamp: "2026-01-01T12:00:00Z",
    kept: 2,
  },
])("of a MediaJob $name", ({ status, spec, deletionTimestamp, kept }) => {
  const made = mediaJob({ sources: sources("a", "b"), ...spec }, status as never) as StoredMediaJob;
  const job = { ...made, metadata: { ...made.metadata, ...(deletionTimestamp && { deletionTimestamp }) } };
  const asked = structuredClone(job.spec);
  expect(slimMediaJob(job).spec).toEqual({ ...asked, sources: kept ? asked.sources : [] });
  expect(job.spec).toEqual(asked); // the answer to a write goes on to others
});

test("of a Job stays whose attempt it is, what it was given, who admits it, whether it has a pod and goes on", () => {
  const owner = { apiVersion: "mediajob.dev/v1alpha1", kind: "MediaJob", name: "beach", uid: "o" };
  const annotations = { "mediajob.dev/pool": "default" };
  const conditions = [{ type: "Complete", status: "True", ...time }];
  const job = {
    metadata: {
      ...metadata,
      labels: { ...labels, ...queue, app: "a" },
      annotations,
      ownerReferences: [owner],
    },
    spec: { template: { spec: { containers: [] } } },
    status: { conditions, active: 1, ready: 1, succeeded: 0, startTime: "2026-01-01T12:00:00Z" },
  } as Job;
  expect(slimJob(job)).toEqual({
    metadata: { ...kept, labels: { ...labels, ...queue }, annotations, ownerReferences: [owner] },
    status: { conditions, active: 1 },
  });
});

test("of a pod stays whose it is, where it runs, why it does not and how it ended", () => {
  const own = { ...labels, "mediajob.dev/job-uid": "o" };
  const job = { apiVersion: "batch/v1", kind: "Job", name: "beach-image-0-a1", uid: "j", controller: true };
  const other = { apiVersion: "v1", kind: "ConfigMap", name: "notes", uid: "n" };
  const disrupted = { type: "DisruptionTarget", status: "True", ...time };
  const state = { terminated: { exitCode: 0, message: "{}" } };
  const pod = {
    metadata: {
      ...{ ...metadata, labels: { ...own, app: "a" }, annotations: { "mediajob.dev/unit": "{}" } },
      ownerReferences: [other, job],
    },
    spec: { nodeName: "node-1", containers: [{ name: "worker" }], tolerations: [{}] },
    status: {
      phase: "Succeeded",
      podIP: "10.0.0.1",
      conditions: [{ type: "Ready", status: "False", ...time }, disrupted],
      containerStatuses: [{ name: "worker", image: "i", imageID: "", ready: false, restartCount: 0, state }],
    },
  } as Pod;
  expect(slimPod(pod)).toEqual({
    metadata: { ...kept, labels: own, ownerReferences: [job] },
    spec: { nodeName: "node-1", containers: [] },
    status: { phase: "Succeeded", conditions: [disrupted], containerStatuses: [{ name: "worker", state }] },
  });
});

test("of a pod that its node refused stays why, in so many words", () => {
  const status = { phase: "Failed", reason: "OutOfcpu", message: "no ".repeat(1000) };
  expect(slimPod({ metadata, status } as unknown as Pod).status).toEqual({
    ...status,
    message: status.message.slice(0, 512),
  });
});

test("a pod that is being deleted, without a node, stays known as such", () => {
  const deletionTimestamp = "2026-01-01T12:00:01Z";
  const pod = { metadata: { ...metadata, deletionTimestamp }, status: { phase: "Pending" } } as Pod;
  expect(slimPod(pod)).toEqual({
    metadata: { ...kept, deletionTimestamp, labels: {} },
    status: { phase: "Pending" },
  });
});
