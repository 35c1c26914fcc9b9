import { describe, expect, test } from "vitest";
import type { Failure } from "../../../crds/result.ts";
import {
  attempt,
  failed,
  finalized,
  mediaJob,
  NOW_MS,
  result,
  sources,
  succeeded,
  web,
} from "../../../test/builders/core.ts";
import { advanced, conditions, pass, starts } from "../../../test/builders/passes.ts";

describe("retrying", () => {
  test("a transient failure is tried again after its delay", () => {
    const seen = { attempts: [failed()] };
    const waiting = pass(seen);
    expect(starts(waiting)).toEqual([]);
    expect(waiting.requeueAfterMs).toBeGreaterThan(2_000);
    const later = pass({ ...seen, nowMs: NOW_MS + (waiting.requeueAfterMs ?? 0) });
    expect(starts(later)).toEqual(["image-0-a2"]);
  });

  test("after maxAttempts the unit is given up", () => {
    const attempts = [1, 2, 3].map((n) => failed({ attempt: n }));
    expect(pass({ attempts, nowMs: NOW_MS + 1e6 }).status).toMatchObject({
      phase: "Failed",
      units: { failed: 1 },
    });
  });

  test("a disruption is tried again at once and never counts", () => {
    const disrupted = [1, 2, 3, 4, 5].map((n) => failed({ attempt: n, disrupted: true }));
    expect(starts(pass({ attempts: disrupted }))).toEqual(["image-0-a6"]);
  });

  describe("of several sources one fails until the unit is given up", () => {
    const job = mediaJob({ sources: sources("a", "b", "c"), retry: { maxAttempts: 2 } });
    const inAnHour = NOW_MS + 3_600_000;
    const made = ["a", "b"].map((source) => ({
      ...{ source, output: "thumb", phase: "Succeeded" as const, uri: `volume://media/out/${source}.webp` },
    }));
    const left = (failure: Failure, needs?: { memoryBytes: number }) =>
      result({
        ...{ failure, failures: [failure], failedSources: [2], outputs: made },
        ...(needs && { needs }),
        counts: { succeeded: 2, skipped: 0, failed: 1 },
      });
    const broken: Failure = { class: "storage", reason: "StorageError", message: "c: EIO", source: "c" };
    const large: Failure = { class: "memory", reason: "MemoryLimitExceeded", message: "c", source: "c" };
    const needs = { memoryBytes: 9 * 2 ** 30 };

    test.each([
      {
        name: "it is out of attempts",
        attempts: [failed(), failed({ attempt: 2, exitCode: 21, result: left(broken) })],
        failure: { attempt: 2, class: "storage", reason: "StorageError", message: "c: EIO" },
      },
      {
        name: "the next attempt would need more memory than there is",
        attempts: [failed({ exitCode: 30, memoryBytes: 8 * 2 ** 30, result: left(large, needs) })],
        failure: {
          ...{ attempt: 1, class: "config", reason: "NoPoolFits" },
          message: expect.stringContaining("needs 9216Mi of memory; a unit may have 8192Mi in pool default"),
        },
      },
    ])("since $name: the others' outputs stand, and it is told which failed", ({ attempts, failure }) => {
      const decision = pass({ job, attempts, nowMs: inAnHour });
      expect(decision.done, "what fails is not shown to be repaired").toBeUndefined();
      expect(decision.status).toMatchObject({
        phase: "PartiallySucceeded",
        units: { ledger: "1p" },
        sources: { total: 3, succeeded: 2, failed: 1, ledger: "2.1f" },
        outputs: made,
        failures: [{ unit: "image-0", source: "c", ...failure }],
        usage: { bytesOut: 100 },
      });
    });

    test("what ended the last attempt as a whole leaves unknown what of it was done", () => {
      const late: Failure = { class: "deadline", reason: "DeadlineExceeded", message: "took too long" };
      const attempts = [1, 2].map((attempt) =>
        failed({ attempt, exitCode: 32, result: { ...left(late), failures: [], failedSources: [] } }),
      );
      expect(pass({ job, attempts, nowMs: inAnHour }).status).toMatchObject({
        phase: "Failed",
        units: { ledger: "1f" },
        sources: { succeeded: 0, failed: 3 },
      });
    });
  });

  test("a raised retryGeneration runs the failed unit again and leaves the finished one", () => {
    const job = mediaJob({ outputs: [web], sources: sources("a", "b") });
    const failure = { class: "input", reason: "SourceNotFound", message: "no such file" } as const;
    const ended = pass({
      job,
      attempts: [
        succeeded({ unit: "video-0" }),
        failed({ unit: "video-1", result: result({ failure }) }),
        finalized(),
      ],
    });
    const raised = {
      ...mediaJob({ outputs: [web], sources: sources("a", "b"), retryGeneration: 1 }),
      status: ended.status,
    };

    const again = pass({ job: raised, attempts: [] });
    expect(starts(again)).toEqual(["video-1-a101"]);
    const done = pass({
      job: advanced(raised, again),
      attempts: [finalized(), succeeded({ unit: "video-1", attempt: 101 }), finalized({ attempt: 101 })],
    });
    expect(done.status).toMatchObject({
      phase: "Succeeded",
      units: { ledger: "3s" },
      sources: { succeeded: 2, failed: 0 },
    });
    expect(done.status.failures).toBeUndefined();
  });
});

describe("recovery", () => {
  const lost = { exitCode: 143, disrupted: true, message: "node drained" };

  test("Manual holds lost work until a person raises retryGeneration", () => {
    const job = mediaJob({ recovery: "Manual" });
    const held = pass({ job, attempts: [failed(lost)] });
    expect(held.actions).toEqual([]);
    expect(held.status).toMatchObject({ phase: "RecoveryRequired", units: { pending: 1, ledger: "1h" } });
    expect(conditions(held)).toEqual(["Stalled", "Planned"]);
    const raised = { ...mediaJob({ recovery: "Manual", retryGeneration: 1 }), status: held.status };
    const again = pass({ job: raised, attempts: [failed(lost)] });
    expect(starts(again)).toEqual(["image-0-a101"]);
    expect(again.status.phase).toBe("Running");
  });

  test.each([
    { name: "nodes refuse", fields: { podReason: "OutOfcpu" } },
    {
      name: "finds no room beside what else runs",
      fields: { deadlineExceeded: true, failedBecause: "Insufficient cpu", failedReason: "NotScheduled" },
    },
    {
      name: "finds no room in a quota",
      fields: { deadlineExceeded: true, failedBecause: "exceeded quota", failedReason: "QuotaExceeded" },
    },
    {
      name: "found none, as the status tells of Jobs that are gone",
      fields: { told: { class: "disruption", reason: "NotScheduled", message: "Insufficient cpu" } as const },
    },
  ])("what $name is tried again after a little while, never counted, and not lost", ({ fields }) => {
    const refusals = [1, 2, 3, 4].map((each) =>
      attempt({ attempt: each, state: "Failed", ...fields, endedAtMs: NOW_MS }),
    );
    for (const recovery of ["Automatic", "Manual"]) {
      const job = mediaJob({ recovery, retry: { maxAttempts: 2 } });
      const waiting = pass({ job, attempts: refusals });
      expect(starts(waiting)).toEqual([]);
      expect(waiting.status.queue).toMatchObject({
        reason: "BackingOff",
        message: expect.stringMatching(/^waits until 2026-01-01T12:00:\d\dZ before the next attempt/),
      });
      expect(starts(pass({ job, attempts: refusals, nowMs: NOW_MS + 20_000 }))).toEqual(["image-0-a5"]);
    }
  });

  test("Manual says what was lost while other units still run", () => {
    const job = mediaJob({ recovery: "Manual", outputs: [web], sources: sources("a", "b") });
    const attempts = [failed({ ...lost, unit: "video-0" }), attempt({ unit: "video-1" })];
    const { status } = pass({ job, attempts });
    expect(status.conditions?.[0]).toMatchObject({
      reason: "UnitsRunning",
      message:
        "1 unit runs, 0 of 3 ended, 1 unit was lost and spec.recovery is Manual; raise spec.retryGeneration to run again what was lost",
    });
  });

  test("Manual can be cancelled while it waits", () => {
    const job = mediaJob({ recovery: "Manual", cancel: true });
    expect(pass({ job, attempts: [failed(lost)] }).status).toMatchObject({
      phase: "Cancelled",
      units: { ledger: "1c" },
    });
  });
});

test("what succeeds after retryGeneration was raised is not run again; what fails then is", () => {
  const job = mediaJob({ sources: sources("a", "b"), outputs: [web], retryGeneration: 1 });
  const decision = pass({
    job,
    attempts: [succeeded({ unit: "video-0" }), failed({ unit: "video-1" })],
  });
  expect(starts(decision)).toEqual(["video-1-a101"]);
  expect(decision.status.units).toMatchObject({ succeeded: 1, ledger: "1s2." });
});
