import { expect, test } from "vitest";
import { LABELS } from "../../../crds/group.ts";
import { mediaJob, sources } from "../../../test/builders/core.ts";
import type { Job, Pod, StoredMediaJob } from "../api/resources.ts";
import { ATTEMPT_ANNOTATIONS } from "../jobs/unit-job.ts";
import { operatorInMemory } from "../testing/operator.ts";

// kube-scheduler 1.34 says so.
const message =
  "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";

test("a unit that found no room, and finds none again, is not passed by those behind it; then they start", async () => {
  const { hold, pass, shell, clock } = operatorInMemory();
  const { jobs, pods } = shell;
  const named = (name: string, spec: object = {}): StoredMediaJob => {
    const job = mediaJob({ sources: sources(name), ...spec }) as StoredMediaJob;
    const creationTimestamp = clock.date().toISOString();
    return hold({ ...job, metadata: { ...job.metadata, name, uid: `uid-${name}`, creationTimestamp } });
  };
  const ref = (name: string) => ({ namespace: "media", name });
  const hasBegun = (name: string) => jobs.get(ref(`${name}-image-0-a1`)) !== null;
  /** Where kube-scheduler has come to with the pod of that attempt. */
  const schedule = (name: string, conditions: readonly object[]) =>
    pods.put({
      metadata: {
        ...{ ...ref(name), uid: `pod-${name}`, resourceVersion: String(++version) },
        labels: { [LABELS.jobUid]: "uid-big", [LABELS.unit]: "image-0", [LABELS.attempt]: name.slice(-1) },
        ownerReferences: [
          {
            ...{ apiVersion: "batch/v1", kind: "Job", name, controller: true },
            uid: jobs.get(ref(name))?.metadata.uid ?? "",
          },
        ],
      },
      status: { phase: "Pending", conditions },
    } as unknown as Pod);
  let version = 0;
  const unscheduled = () => ({
    ...{ type: "PodScheduled", status: "False", reason: "Unschedulable", message },
    lastTransitionTime: clock.date().toISOString(),
  });

  const big = named("big");
  await pass(big);
  const first = jobs.get(ref("big-image-0-a1"));
  jobs.put({
    ...first,
    metadata: {
      ...first?.metadata,
      resourceVersion: "1000",
      annotations: {
        [ATTEMPT_ANNOTATIONS.failedBecause]: message,
        [ATTEMPT_ANNOTATIONS.failedReason]: "NotScheduled",
      },
    },
    status: {
      conditions: [
        {
          ...{ type: "Failed", status: "True", reason: "DeadlineExceeded" },
          lastTransitionTime: clock.date().toISOString(),
        },
      ],
    },
  } as unknown as Job);
  await pass(big);
  clock.advance(10_000);
  await pass(big);
  schedule("big-image-0-a2", [unscheduled()]);
  await pass(big);

  const small = named("small");
  await pass(small);
  expect(hasBegun("small")).toBe(false);
  expect(shell.mediaJobs.get(small.metadata)?.status?.queue).toMatchObject({
    reason: "PoolFull",
    message: "1 unit waits for room in pool default, which keeps it for MediaJob media/big",
  });
  const urgent = named("urgent", { priority: "Urgent" });
  await pass(urgent);
  expect(hasBegun("urgent")).toBe(true);

  schedule("big-image-0-a2", [{ type: "PodScheduled", status: "True" }]);
  for (const job of [big, small]) await pass(job);
  expect(hasBegun("small")).toBe(true);
});
