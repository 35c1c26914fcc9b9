import { expect, test } from "vitest";
import { result } from "../../../test/builders/core.ts";
import type { Job, Pod } from "../api/resources.ts";
import { observeAttempts } from "./observe-attempts.ts";

/** As much of an object as is read here. */
const json = <T>(value: unknown) => value as T;

const job = (fields: { condition?: object; deleting?: boolean } = {}) =>
  json<Job>({
    metadata: {
      name: "holiday-image-0-a2",
      uid: "uid-of-a2",
      labels: { "mediajob.dev/unit": "image-0", "mediajob.dev/attempt": "2" },
      annotations: { "mediajob.dev/pool": "cpu", "mediajob.dev/memory-bytes": "1024" },
      ...(fields.deleting && { deletionTimestamp: "2026-01-01T12:00:00Z" }),
    },
    status: { conditions: fields.condition ? [{ status: "True", ...fields.condition }] : [] },
  });

const pod = (phase: string, status: object = {}) =>
  json<Pod>({
    metadata: {
      name: "holiday-image-0-a2-x",
      labels: {
        "mediajob.dev/unit": "image-0",
        "mediajob.dev/attempt": "2",
      },
      ownerReferences: [
        {
          ...{ apiVersion: "batch/v1", kind: "Job", name: "holiday-image-0-a2", uid: "uid-of-a2" },
          controller: true,
        },
      ],
    },
    status: { phase, ...status },
  });

const terminated = (state: object) => ({
  containerStatuses: [{ name: "worker", state: { terminated: state } }],
});
const complete = { type: "Complete" };
const failed = { type: "Failed", reason: "BackoffLimitExceeded" };
const report = result({ attempt: 2 });
const CREATED_MS = Date.UTC(2026, 0, 1);
const quiet = { unreachableSinceMs: () => undefined, warningOf: () => undefined };

test.each([
  {
    name: "a Job without a pod yet is active",
    jobs: [job()],
    pods: [],
    expected: { state: "Active", pool: "cpu", memoryBytes: 1024 },
  },
  {
    name: "a Job with a running pod is active",
    jobs: [job()],
    pods: [pod("Running")],
    expected: { state: "Active" },
  },
  {
    name: "a complete Job has succeeded, with its pod's result",
    jobs: [job({ condition: complete })],
    pods: [pod("Succeeded", terminated({ exitCode: 0, message: JSON.stringify(report) }))],
    expected: { state: "Succeeded", exitCode: 0, result: report },
  },
  {
    name: "a Job that is complete before its pod is seen to have ended is still ending",
    jobs: [job({ condition: complete })],
    pods: [pod("Running")],
    expected: { state: "Ending" },
  },
  {
    name: "a failed Job tells the exit code and that memory ran out",
    jobs: [job({ condition: failed })],
    pods: [
      pod("Failed", terminated({ exitCode: 137, reason: "OOMKilled", finishedAt: "2026-01-01T12:00:00Z" })),
    ],
    expected: {
      state: "Failed",
      exitCode: 137,
      oomKilled: true,
      endedAtMs: Date.parse("2026-01-01T12:00:00Z"),
    },
  },
  {
    name: "when it ended is told by the control plane, not by a node whose clock is an hour ahead",
    jobs: [job({ condition: { ...failed, lastTransitionTime: "2026-01-01T12:00:01Z" } })],
    pods: [pod("Failed", terminated({ exitCode: 21, finishedAt: "2026-01-01T13:00:00Z" }))],
    expected: { state: "Failed", endedAtMs: Date.parse("2026-01-01T12:00:01Z") },
  },
  {
    name: "a pod that the cluster evicted was disrupted",
    jobs: [job({ condition: failed })],
    pods: [
      pod("Failed", { conditions: [{ type: "DisruptionTarget", status: "True", message: "node drained" }] }),
    ],
    expected: { state: "Failed", disrupted: true, message: "node drained" },
  },
  {
    name: "a pod that its node refused tells why",
    jobs: [job({ condition: { ...failed, message: "Job has reached the specified backoff limit" } })],
    pods: [pod("Failed", { reason: "OutOfcpu", message: "Pod was rejected: not enough cpu" })],
    expected: { state: "Failed", podReason: "OutOfcpu", message: "Pod was rejected: not enough cpu" },
  },
  ...[
    { exitCode: 255, reason: "Unknown" },
    { exitCode: 137, reason: "ContainerStatusUnknown" },
  ].map((state) => ({
    name: `a container that nobody knows the end of is lost: ${state.reason}`,
    jobs: [job({ condition: failed })],
    pods: [pod("Failed", terminated(state))],
    expected: { state: "Failed", containerLost: true },
  })),
  {
    name: "a Job past its deadline says so",
    jobs: [job({ condition: { type: "Failed", reason: "DeadlineExceeded" } })],
    pods: [],
    expected: { state: "Failed", deadlineExceeded: true },
  },
  {
    name: "a pod that cannot be scheduled tells why",
    jobs: [job()],
    pods: [
      pod("Pending", {
        conditions: [
          { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/2 nodes" },
        ],
      }),
    ],
    expected: { state: "Active", waiting: { reason: "Unschedulable", message: "0/2 nodes" } },
  },
  {
    name: "a message that is not a result is not taken for one",
    jobs: [job({ condition: failed })],
    pods: [pod("Failed", terminated({ exitCode: 128, message: "failed to create containerd task" }))],
    expected: { state: "Failed", exitCode: 128 },
  },
  {
    name: "a Job that is being deleted is ending",
    jobs: [job({ deleting: true })],
    pods: [],
    expected: { state: "Ending" },
  },
  {
    name: "a pod of a Job that was there by the same name counts for itself",
    jobs: [{ ...job(), metadata: { ...job().metadata, uid: "uid-of-another" } }],
    pods: [pod("Succeeded", terminated({ exitCode: 0, message: JSON.stringify(report) }))],
    expected: { state: "Active" },
  },
  {
    name: "a pod whose Job is gone holds its unit until it ends",
    jobs: [],
    pods: [pod("Running")],
    expected: { state: "Ending" },
  },
])("$name", ({ jobs, pods, expected }) => {
  const attempts = observeAttempts(jobs, pods, quiet);
  expect(attempts).toHaveLength(1);
  expect(attempts[0]).toMatchObject({ unit: "image-0", attempt: 2, name: "holiday-image-0-a2", ...expected });
});

test("a pod that ended after its Job was deleted is no attempt any more", () => {
  expect(observeAttempts([], [pod("Failed")], quiet)).toEqual([]);
});

test.each([
  {
    name: "its Event says why: it waits from its creation on",
    warning: { reason: "FailedCreate", message: "exceeded quota" },
    expected: { reason: "FailedCreate", message: "exceeded quota", sinceMs: CREATED_MS },
  },
  {
    name: "no word of the cluster: it may just be busy, and waits from 40 s later on",
    warning: undefined,
    expected: {
      reason: "PodNotCreated",
      message: "the cluster has not made its pod yet",
      sinceMs: CREATED_MS + 40_000,
    },
  },
  {
    name: "no word of a cluster that is minutes behind with all: it waits from as much later on, twice",
    warning: undefined,
    podLagMs: 120_000,
    expected: { reason: "PodNotCreated", sinceMs: CREATED_MS + 40_000 + 240_000 },
  },
])("a Job without a pod, and $name", ({ warning, podLagMs = 0, expected }) => {
  const created = job();
  created.metadata.creationTimestamp = new Date(CREATED_MS).toISOString();
  const [attempt] = observeAttempts([created], [], { ...quiet, podLagMs, warningOf: () => warning });
  expect(attempt?.waiting).toMatchObject(expected);
});

test.each<{ name: string; status: NonNullable<Job["status"]> }>([
  { name: "has a pod which is not seen yet, or no more", status: { active: 1 } },
  { name: "has a pod that is being deleted, and is seen no more", status: { terminating: 1 } },
  {
    name: "is about to fail, its pod gone",
    status: { conditions: [{ type: "FailureTarget", status: "True" }] },
  },
])("a Job that by its own word $name does not wait to start", ({ status }) => {
  const made = { ...job(), status };
  made.metadata.creationTimestamp = new Date(CREATED_MS).toISOString();
  const [attempt] = observeAttempts([made], [], quiet);
  expect([attempt?.state, attempt?.waiting]).toEqual(["Active", undefined]);
});

test("a Job that was resumed waits for its pod since then, not since it was created", () => {
  const resumed = {
    ...job(),
    status: {
      conditions: [{ type: "Suspended", status: "False", lastTransitionTime: "2026-01-01T01:00:00Z" }],
    },
  };
  resumed.metadata.creationTimestamp = new Date(CREATED_MS).toISOString();
  const [attempt] = observeAttempts([resumed], [], { ...quiet, heldUntilResumed: true });
  expect(attempt?.waiting?.sinceMs).toBe(CREATED_MS + 3_600_000 + 40_000);
});

test.each([
  { what: "has no word yet", conditions: [], pods: [], expected: true },
  {
    what: "is said to be suspended",
    conditions: [{ type: "Suspended", status: "True" }],
    pods: [],
    expected: true,
  },
  { what: "is resumed", conditions: [{ type: "Suspended", status: "False" }], pods: [], expected: undefined },
  { what: "has a pod", conditions: [], pods: [pod("Running")], expected: undefined },
])("a Job that is held until somebody resumes it, and $what", ({ conditions, pods, expected }) => {
  const held = { ...job(), status: { conditions } };
  const [attempt] = observeAttempts([held], pods, { ...quiet, heldUntilResumed: true });
  expect(attempt?.suspended).toBe(expected);
});
