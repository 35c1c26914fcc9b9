import { expect, test } from "vitest";
import { classOf, type FailureReason } from "../crds/failures.ts";
import type { Failure, MadeOutput } from "../crds/result.ts";
import { conclude, type Ledger } from "./outcome.ts";

const failed = (reason: FailureReason, source = "a"): Failure => ({
  class: classOf(reason),
  reason,
  message: reason,
  source,
});
const made = (source: string, phase: MadeOutput["phase"] = "Succeeded"): MadeOutput => ({
  source,
  output: "o",
  phase,
  uri: "volume://m/o",
});
const unit = {
  name: "image-0",
  attempt: 2,
  sources: ["a", "b", "c"].map((name) => ({ name, volume: { claimName: "m", path: name } })),
};
const usage = { wallSeconds: 1, cpuSeconds: 1, peakMemoryBytes: 1, bytesIn: 1, bytesOut: 1 };
const end = (ledger: Partial<Ledger>) =>
  conclude(unit, { made: [], failures: [], warnings: [], ...ledger }, { usage });

test.each<{ name: string; ledger: Partial<Ledger>; exitCode: number; reason: string | undefined }>([
  { name: "everything made ends with 0", ledger: { made: [made("a")] }, exitCode: 0, reason: undefined },
  {
    name: "what is broken for good does not spoil what was made",
    ledger: { made: [made("a")], failures: [failed("SourceCorrupt", "b")] },
    exitCode: 0,
    reason: undefined,
  },
  {
    name: "outputs of an earlier attempt count as made",
    ledger: { made: [made("a", "Skipped")], failures: [failed("SourceCorrupt", "b")] },
    exitCode: 0,
    reason: undefined,
  },
  {
    name: "nothing made ends with the first failure's code",
    ledger: { failures: [failed("SourceNotFound"), failed("OutputExists", "b")] },
    exitCode: 10,
    reason: "SourceNotFound",
  },
  {
    name: "one failure that may pass asks for another attempt",
    ledger: { made: [made("a")], failures: [failed("SourceCorrupt", "b"), failed("StorageError", "c")] },
    exitCode: 21,
    reason: "StorageError",
  },
  {
    name: "memory is asked for before anything else is tried again",
    ledger: {
      failures: [failed("StorageError"), failed("EngineFailed", "b"), failed("MemoryLimitExceeded", "c")],
    },
    exitCode: 30,
    reason: "MemoryLimitExceeded",
  },
  {
    name: "what ended the attempt as a whole decides",
    ledger: {
      made: [made("a")],
      failures: [failed("MemoryLimitExceeded", "b")],
      fatal: failed("Terminated"),
    },
    exitCode: 40,
    reason: "Terminated",
  },
])("$name", ({ ledger, exitCode, reason }) => {
  const ended = end(ledger);
  expect(ended.exitCode).toBe(exitCode);
  expect(ended.result.failure?.reason).toBe(reason);
});

test("counts are those of the lists, and failed sources are told by their place in the unit", () => {
  const { result } = end({
    made: [made("a"), made("a", "Skipped")],
    failures: [failed("SourceCorrupt", "c"), failed("SourceCorrupt", "c")],
  });
  expect(result.counts).toEqual({ succeeded: 1, skipped: 1, failed: 2 });
  expect(result.failedSources).toEqual([2]);
});

test("the need for memory is told with a memory failure and with no other", () => {
  expect(end({ failures: [failed("MemoryLimitExceeded")], neededMemoryBytes: 7 }).result.needs).toEqual({
    memoryBytes: 7,
  });
  expect(end({ fatal: failed("Terminated"), neededMemoryBytes: 7 }).result.needs).toBeUndefined();
});

test("several failures of one kind are told as one with their number", () => {
  const { result } = end({ failures: [failed("SourceNotFound"), failed("SourceNotFound", "b")] });
  expect(result.failure?.message).toBe("SourceNotFound (and 1 more)");
});
