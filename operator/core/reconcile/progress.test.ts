import { describe, expect, test } from "vitest";
import type { Transition } from "../../../crds/media-job-status.ts";
import {
  attempt,
  failed,
  finalized,
  mediaJob,
  NOW_MS,
  sources,
  succeeded,
  web,
} from "../../../test/builders/core.ts";
import { advanced, pass } from "../../../test/builders/passes.ts";
import type { ObservedAttempt } from "./attempt.ts";

describe("progress", () => {
  const report = (fraction: number, of = 1) =>
    new Map([["image-0", { attempt: of, fraction, stage: "encode" }]]);

  test("follows what the worker reports", () => {
    const { status } = pass({ attempts: [attempt()], progress: report(0.25) });
    expect(status.progress).toMatchObject({ percent: 25, display: "25%", stage: "encode" });
  });

  test("never falls when a unit starts over", () => {
    const first = pass({ attempts: [attempt()], progress: report(0.8) });
    const again = pass({
      job: advanced(mediaJob(), first),
      attempts: [failed(), attempt({ attempt: 2 })],
      progress: report(0.1, 2),
    });
    expect(again.status.progress?.percent).toBe(80);
  });

  test("of a retry is that of its own run, and is told", () => {
    const hook = { name: "all", url: "https://example.com/all", secretRef: { name: "s" }, progressStep: 10 };
    const two = {
      ...{ outputs: [web], sources: sources("a", "b") },
      webhooks: [{ ...hook, events: ["job.progress"] }],
    };
    const broken = failed({ unit: "video-1", exitCode: 10 });
    const ended = pass({
      job: mediaJob(two),
      attempts: [succeeded({ unit: "video-0" }), broken, finalized()],
    });
    expect(ended.status).toMatchObject({ phase: "PartiallySucceeded", progress: { percent: 100 } });
    const retried = mediaJob({ ...two, retryGeneration: 1 });
    const again = pass({ job: advanced(retried, ended) });
    const percent = again.status.progress?.percent ?? Number.NaN;
    expect(percent).toBeGreaterThan(0);
    expect(percent).toBeLessThan(90);
    const later = pass({
      job: advanced(retried, again),
      attempts: [attempt({ unit: "video-1", attempt: 101 })],
      progress: new Map([["video-1", { attempt: 101, fraction: 0.9, stage: "encode" }]]),
    });
    expect(later.status.progress?.percent).toBeGreaterThan(percent);
    expect(later.status.webhooks?.[0]?.pending.map(({ type }) => type)).toEqual(["job.progress"]);
  });

  test("the remaining time follows the pace of the time in which it ran", () => {
    const begun = { startTime: "2026-01-01T07:00:00Z", phase: "Running" as const };
    const at = (time: string, to: Transition["to"]) => ({ time, to, reason: "BecauseOfTests" });
    const history = [
      at("2026-01-01T07:00:00Z", "Running"),
      at("2026-01-01T07:01:00Z", "Suspended"),
      at("2026-01-01T11:59:30Z", "Running"),
    ];
    const job = mediaJob({}, { ...begun, history });
    const { status } = pass({ job, attempts: [attempt()], progress: report(0.6) });
    expect(status.progress).toMatchObject({ percent: 60, etaSeconds: 60 });
  });

  test.each([
    { name: "cancelled", phase: "Cancelled", last: { job: mediaJob({ cancel: true }), attempts: [] } },
    { name: "failed", phase: "Failed", last: { attempts: [failed({ exitCode: 10 })] } },
  ])("of what is $name stays where it was", ({ phase, last }) => {
    const before = pass({ attempts: [attempt()], progress: report(0.4) });
    const job = advanced(last.job ?? mediaJob(), before);
    const { status } = pass({ ...last, job });
    expect(status).toMatchObject({ phase, progress: { percent: 40, display: "40%" } });
    expect(status.progress).not.toHaveProperty("etaSeconds");
  });

  test("of an earlier attempt counts for nothing, nor does its stage", () => {
    const attempts: ObservedAttempt[] = [failed(), attempt({ attempt: 2 })];
    expect(pass({ attempts, progress: report(0.9, 1) }).status.progress).toEqual({
      percent: 0,
      display: "0%",
    });
  });

  test.each([
    { phase: "Suspended", spec: { suspend: true }, last: failed() },
    { phase: "RecoveryRequired", spec: { recovery: "Manual" }, last: failed({ disrupted: true }) },
  ])("has no remaining time while it is $phase: nobody knows when it goes on", ({ phase, spec, last }) => {
    const begun = advanced(mediaJob(spec), pass({ attempts: [attempt()] }));
    const seen = { progress: report(0.5), nowMs: NOW_MS + 60_000 };
    const running = pass({ ...seen, job: { ...mediaJob(), status: begun.status }, attempts: [attempt()] });
    expect(running.status.progress).toHaveProperty("etaSeconds");
    const { status } = pass({ ...seen, job: { ...begun, status: running.status }, attempts: [last] });
    expect(status).toMatchObject({ phase, progress: { percent: 50 } });
    expect(status.progress).not.toHaveProperty("etaSeconds");
  });
});
