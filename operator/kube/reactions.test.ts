import { describe, expect, test } from "vitest";
import { mediaJob } from "../../test/builders/core.ts";
import { configuration } from "../core/configuration.ts";
import type { OwnerReference } from "./api/kube-object.ts";
import type { Job, Node, Pod, StoredMediaJob } from "./api/resources.ts";
import { ownerOfPod } from "./jobs/owner.ts";
import { operatorInMemory } from "./testing/operator.ts";

const oneAtOnce = configuration.parse({ concurrency: 1 });
const QUEUE = { "kueue.x-k8s.io/queue-name": "media" };

function named(name: string, labels?: Record<string, string>): StoredMediaJob {
  const { metadata, ...rest } = mediaJob({ destination: { volume: { claimName: "media", path: name } } });
  return { ...rest, metadata: { ...metadata, name, uid: `uid-${name}`, ...(labels && { labels }) } } as never;
}

test.each([
  { name: "of the operator's own queue takes a place", labels: undefined, others: 0 },
  { name: "that waits for Kueue takes none", labels: QUEUE, others: 1 },
])("a MediaJob $name, and others start accordingly", async ({ labels, others }) => {
  const operator = operatorInMemory(oneAtOnce);
  const first = operator.hold(named("first", labels));
  const second = operator.hold(named("second"));
  await operator.pass(first);
  const { usage, jobs } = operator.shell;
  expect(jobs.byIndex("owner", "media/uid-first")).toHaveLength(1);
  expect(usage.freeInAll("media")).toBe(others);
  await operator.pass(second);
  expect(jobs.byIndex("owner", "media/uid-second")).toHaveLength(others);
});

test("MediaJobs that Kueue admits start all their Jobs, though the operator is full", async () => {
  const operator = operatorInMemory(oneAtOnce);
  await operator.pass(operator.hold(named("first")));
  await operator.pass(operator.hold(named("second", QUEUE)));
  expect(operator.shell.jobs.byIndex("owner", "media/uid-second")).toHaveLength(1);
});

describe("what only says that it belongs to a MediaJob", () => {
  const owner: OwnerReference = {
    ...{ apiVersion: "mediajob.dev/v1alpha1", kind: "MediaJob", name: "first", uid: "uid-first" },
    controller: true,
  };
  const job = ({ namespace = "media", owners = [owner], name = "j", version = 1000 } = {}): Job => ({
    metadata: {
      ...{ namespace, name, uid: `uid-${name}`, resourceVersion: String(version), ownerReferences: owners },
      labels: { "mediajob.dev/unit": "image-0", "mediajob.dev/attempt": "1" },
      annotations: { "mediajob.dev/pool": "default" },
    },
  });

  test.each([
    { name: "that its MediaJob controls takes a place", made: job(), taken: 1 },
    { name: "of no owner takes none", made: job({ owners: [] }), taken: 0 },
    { name: "in another namespace takes none", made: job({ namespace: "evil" }), taken: 0 },
    {
      name: "that the MediaJob owns and something else controls takes none",
      made: job({ owners: [{ ...owner, controller: false }] }),
      taken: 0,
    },
    {
      name: "of a MediaJob in somebody else's group takes none",
      made: job({ owners: [{ ...owner, apiVersion: "example.com/v1" }] }),
      taken: 0,
    },
    {
      name: "of a MediaJob that is not there takes none",
      made: job({ owners: [{ ...owner, uid: "uid-other" }] }),
      taken: 0,
    },
  ])("a Job $name", ({ made, taken }) => {
    const { shell, hold } = operatorInMemory(oneAtOnce);
    hold(named("first"));
    shell.jobs.put(made);
    expect(shell.usage.running("default")).toBe(taken);
    expect(shell.jobs.byIndex("owner", "media/uid-first")).toHaveLength(taken);
  });

  test("a Job that is seen before its MediaJob takes its place when that comes, and keeps it when that goes", () => {
    const { shell, hold } = operatorInMemory(oneAtOnce);
    shell.jobs.put(job());
    expect(shell.usage.running("default")).toBe(0);
    const first = hold(named("first"));
    expect(shell.usage.running("default")).toBe(1);
    shell.mediaJobs.observeGone(first);
    expect(shell.usage.running("default")).toBe(1);
    shell.jobs.observeGone(job());
    expect(shell.usage.running("default")).toBe(0);
  });

  test("a Job that its MediaJob has left behind gives its place back", () => {
    const { shell, hold } = operatorInMemory(oneAtOnce);
    hold(named("first"));
    shell.jobs.put(job());
    shell.jobs.put(job({ owners: [], version: 1001 }));
    expect(shell.usage.running("default")).toBe(0);
  });

  const controlled = { apiVersion: "batch/v1", kind: "Job", name: "j", uid: "uid-j", controller: true };
  const pod = ({ namespace = "media", owners = [controlled] } = {}): Pod => ({
    metadata: {
      ...{ namespace, name: "p", uid: "uid-p", resourceVersion: "1000", ownerReferences: owners },
      labels: {
        ...{ "mediajob.dev/job-uid": "uid-first", "mediajob.dev/unit": "image-0" },
        ...{ "mediajob.dev/attempt": "1", "batch.kubernetes.io/job-name": "j" },
      },
    },
    status: { phase: "Running" },
  });

  test.each([
    { name: "of a Job is its MediaJob's", made: pod(), known: 1 },
    { name: "in another namespace is nobody's", made: pod({ namespace: "evil" }), known: 0 },
    { name: "that was copied, and no Job controls, is nobody's", made: pod({ owners: [] }), known: 0 },
  ])("a pod $name", ({ made, known }) => {
    const { shell, hold, reactions } = operatorInMemory(oneAtOnce);
    hold(named("first"));
    shell.pods.put(made);
    expect(shell.pods.byIndex("mediaJob", "media/uid-first")).toHaveLength(known);
    expect(reactions.find(ownerOfPod(made))?.metadata.uid).toBe(known ? "uid-first" : undefined);
  });

  test("a Job that was lost with its node takes its place again when the node answers before its pod has ended", () => {
    const { shell, hold } = operatorInMemory(oneAtOnce);
    const node = (ready: string, version: number): Node => ({
      metadata: { name: "node-a", uid: "uid-node-a", resourceVersion: String(version) },
      status: { conditions: [{ type: "Ready", status: ready }] },
    });
    hold(named("first"));
    shell.jobs.put(job());
    shell.pods.put({ ...pod(), spec: { nodeName: "node-a", containers: [] } });
    shell.nodes.put(node("True", 1000));
    shell.nodes.put(node("Unknown", 1001));
    shell.usage.lose({ namespace: "media", name: "j", owner: "uid-first" });
    expect(shell.usage.running("default")).toBe(0);
    shell.nodes.put(node("True", 1002));
    expect(shell.usage.running("default")).toBe(1);
    shell.jobs.observeGone(job());
    expect(shell.usage.running("default")).toBe(0);
  });

  test("a pod that is deleted elsewhere does not let go of the files that a deleted MediaJob still writes", () => {
    const { shell, hold } = operatorInMemory();
    const first = hold(named("first"));
    shell.jobs.put(job());
    shell.pods.put(pod({ namespace: "evil" }));
    shell.mediaJobs.observeGone(first);
    shell.pods.observeGone(pod({ namespace: "evil" }));
    expect(shell.claims.isLeaving({ namespace: "media", uid: "uid-first" })).toBe(true);
    shell.jobs.observeGone(job());
    expect(shell.claims.isLeaving({ namespace: "media", uid: "uid-first" })).toBe(false);
  });
});
