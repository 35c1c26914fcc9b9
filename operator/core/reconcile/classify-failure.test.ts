import { expect, test } from "vitest";
import { attempt, failed, result } from "../../../test/builders/core.ts";
import { classifyFailure } from "./classify-failure.ts";

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
