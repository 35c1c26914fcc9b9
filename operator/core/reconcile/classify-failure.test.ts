import { expect, test } from "vitest";
import { attempt, failed, result } from "../../../test/builders/core.ts";
import type { ObservedAttempt } from "./attempt.ts";
import { classifyFailure } from "./classify-failure.ts";

const refused = (podReason: string, fields: Partial<ObservedAttempt> = {}) =>
  attempt({ state: "Failed", podReason, message: "Pod was rejected", ...fields });
const unhealthy =
  "Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu";

const corrupt = { class: "input", reason: "SourceCorrupt", message: "beach.jpg ends in the middle" } as const;

test.each([
  {
    name: "an evicted pod is a disruption even when it was killed with 137",
    attempt: failed({ exitCode: 137, disrupted: true }),
    expected: { class: "disruption", reason: "Evicted" },
  },
  {
    name: "a pod that was killed for its memory is out of memory",
    attempt: failed({ exitCode: 137, oomKilled: true }),
    expected: { class: "memory", reason: "MemoryLimitExceeded" },
  },
  {
    name: "137 without a word from the kubelet is taken for out of memory",
    attempt: failed({ exitCode: 137 }),
    expected: {
      class: "memory",
      reason: "MemoryLimitExceeded",
      message: expect.stringMatching(/^killed \(exit code 137\), most likely for using more than its \d+Mi/),
    },
  },
  ...[
    'Usage of EmptyDir volume "scratch" exceeds the limit "256Mi". ',
    "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
    'Container worker exceeded its local ephemeral storage limit "1Gi". ',
  ].map((message) => ({
    name: `a pod that was evicted for what it wrote has filled its disk: ${message}`,
    attempt: failed({ exitCode: 137, podReason: "Evicted", message }),
    expected: { class: "disk", reason: "DiskFull" },
  })),
  {
    name: "a pod that was evicted since its node ran out of room is a disruption, also where no condition says so",
    attempt: failed({
      exitCode: 137,
      podReason: "Evicted",
      message:
        "The node was low on resource: ephemeral-storage. Container worker was using 1Gi, request is 1Gi.",
    }),
    expected: { class: "disruption", reason: "Evicted" },
  },
  {
    name: "a pod that ended with its node's shutdown is a disruption",
    attempt: failed({ exitCode: 137, podReason: "Terminated", message: "imminent node shutdown" }),
    expected: { class: "disruption", reason: "Evicted", message: "Terminated: imminent node shutdown" },
  },
  ...["OutOfcpu", "OutOfmemory", "OutOfnvidia.com/gpu", "NodeAffinity", "NodeShutdown"].map((podReason) => ({
    name: `a pod that its node did not take is a disruption: ${podReason}`,
    attempt: refused(podReason),
    expected: {
      class: "disruption",
      reason: "NotAdmitted",
      message: `its node refused it: ${podReason}: Pod was rejected`,
    },
  })),
  {
    name: "that a device's plugin is away is a disruption",
    attempt: refused("UnexpectedAdmissionError", {
      gpu: true,
      message:
        "Allocate failed due to can't allocate unregistered device nvidia.com/gpu, which is unexpected",
    }),
    expected: { class: "disruption", reason: "NotAdmitted" },
  },
  {
    name: "that a device is broken is one of hardware",
    attempt: refused("UnexpectedAdmissionError", { gpu: true, message: unhealthy }),
    expected: { class: "hardware", reason: "HardwareUnavailable" },
  },
  {
    name: "what ran when its kubelet restarted, and would not have it any more, was disrupted",
    attempt: refused("UnexpectedAdmissionError", { exitCode: 137 }),
    expected: { class: "disruption", reason: "Evicted" },
  },
  ...[255, 137].map((exitCode) => ({
    name: `a container that its node has lost is a disruption, whatever code it is given: ${exitCode}`,
    attempt: failed({ exitCode, containerLost: true, node: "node-1" }),
    expected: { class: "disruption", reason: "NodeLost", message: "node node-1 restarted and lost it" },
  })),
  {
    name: "an attempt past its deadline says so, whatever its exit code",
    attempt: failed({ exitCode: 143, deadlineExceeded: true }),
    expected: { class: "deadline", reason: "DeadlineExceeded" },
  },
  {
    name: "a worker that reported why it failed is believed",
    attempt: failed({ exitCode: 10, result: result({ failure: corrupt }) }),
    expected: corrupt,
  },
  {
    name: "an exit code of the table gives the class when the report is lost",
    attempt: failed({ exitCode: 21 }),
    expected: { class: "storage", reason: "WorkerCrashed" },
  },
  {
    name: "an unknown exit code is internal",
    attempt: failed({ exitCode: 1 }),
    expected: { class: "internal", reason: "WorkerCrashed" },
  },
  {
    name: "no exit code at all is internal",
    attempt: attempt({ state: "Failed", message: "the pod was never made: exceeded quota" }),
    expected: { class: "internal", reason: "NoResult", message: "the pod was never made: exceeded quota" },
  },
])("$name", ({ attempt, expected }) => expect(classifyFailure(attempt)).toMatchObject(expected));
