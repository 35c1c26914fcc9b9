import { describe, expect, test } from "vitest";
import {
  attempt,
  failed,
  finalized,
  mediaJob,
  sources,
  succeeded,
  web,
} from "../../../test/builders/core.ts";
import { advanced, pass, starts, stops } from "../../../test/builders/passes.ts";
import type { ObservedAttempt } from "./attempt.ts";

describe("a MediaJob that Kueue has not admitted", () => {
  const job = mediaJob();
  job.metadata.labels = { "kueue.x-k8s.io/queue-name": "media" };

  test.each([
    { when: "its Jobs are made", attempts: [], started: 1 },
    { when: "they are suspended", attempts: [attempt({ suspended: true })], started: 0 },
  ])("is Queued once $when, and has no start time", ({ attempts, started }) => {
    const decision = pass({ job, attempts });
    expect(starts(decision)).toHaveLength(started);
    expect(decision.status).toMatchObject({
      phase: "Queued",
      conditions: [{ reason: "WaitingForKueue" }, {}, {}, {}, {}, {}, {}],
    });
    expect(decision.status.startTime).toBeUndefined();
  });

  test("runs once one is resumed", () => {
    const { status } = pass({ job, attempts: [attempt({})] });
    expect(status).toMatchObject({ phase: "Running", startTime: expect.any(String) });
  });

  test("and is cancelled has never started, and says what its end waits for", () => {
    const hook = { name: "all", url: "https://example.com/all", secretRef: { name: "s" } };
    const spec = { outputs: [web], sources: sources("a", "b"), webhooks: [hook] };
    const [queued, cancel] = [mediaJob(spec), mediaJob({ ...spec, cancel: true })];
    for (const { metadata } of [queued, cancel]) metadata.labels = job.metadata.labels;
    const held = attempt({ unit: "video-0", suspended: true });
    const stopping = pass({ job: advanced(cancel, pass({ job: queued })), attempts: [held] });
    expect(stops(stopping)).toEqual([held.name]);
    const last = attempt({ unit: "finalize", suspended: true });
    const ending = pass({ job: advanced(cancel, stopping), attempts: [last] });
    expect(ending.status.conditions?.[0]?.message).toBe(
      "cancelled after 0 of 2 units; what finalizes waits until Kueue admits it",
    );
    const { status } = pass({ job: advanced(cancel, ending), attempts: [finalized()] });
    const told = status.webhooks?.[0]?.pending.map(({ type }) => type);
    expect(told).toEqual(["job.queued", "job.cancelled"]);
  });

  describe("when it is suspended", () => {
    const two = { outputs: [web], sources: sources("a", "b") };
    const held = attempt({ unit: "video-0", suspended: true });

    test("takes its Jobs back, lest Kueue start them, and they count for nothing", () => {
      const suspended = mediaJob({ ...two, suspend: true });
      const back = pass({ job: suspended, attempts: [held] });
      expect(stops(back)).toEqual([held.name]);
      expect(back.status).toMatchObject({
        phase: "Suspended",
        queue: { reason: "Suspended", message: "spec.suspend is set" },
      });
      const going = pass({
        job: advanced(suspended, back),
        attempts: [{ ...held, state: "Ending", deleting: true }],
      });
      expect(going.actions).toEqual([]);
      expect(going.status.startTime).toBeUndefined();
      const resumed = pass({ job: advanced(mediaJob(two), going), attempts: [] });
      expect(starts(resumed)).toEqual(["video-0-a1", "video-1-a1"]);
      expect(resumed.status.attempts).toBeUndefined();
    });

    test("leaves alone what runs by then", () => {
      const attempts = [held, attempt({ unit: "video-1" })];
      const decision = pass({ job: mediaJob({ ...two, suspend: true }), attempts });
      expect(stops(decision)).toEqual([held.name]);
      expect(decision.status.conditions?.[0]?.message).toContain("1 running unit finishes");
    });
  });

  test("once it has begun, says how many of its units wait for Kueue, and counts none of them as running", () => {
    const three = mediaJob({ outputs: [web], sources: sources("a", "b", "c") });
    three.metadata.labels = job.metadata.labels;
    const said = (attempts: ObservedAttempt[]) => pass({ job: three, attempts }).status.conditions?.[0];
    const done = succeeded({ unit: "video-0" });
    const held = [1, 2].map((n) => attempt({ unit: `video-${n}`, suspended: true }));
    expect(said([done, ...held])).toMatchObject({
      reason: "WaitingForKueue",
      message: "2 units wait until Kueue admits them, 1 of 4 ended",
    });
    expect(said([done, attempt({ unit: "video-1" }), ...held.slice(1)])).toMatchObject({
      reason: "UnitsRunning",
      message: "1 unit runs, 1 unit waits until Kueue admits it, 1 of 4 ended",
    });
  });

  test("takes its Jobs back when another unit's failure ends all, but not what finalizes", () => {
    const several = mediaJob({
      ...{ outputs: [web], sources: sources("a", "b") },
      failurePolicy: { sources: "FailFast" },
    });
    const broken = failed({ unit: "video-0", exitCode: 10 });
    const held = attempt({ unit: "video-1", suspended: true });
    expect(stops(pass({ job: several, attempts: [broken, held] }))).toEqual([held.name]);
    const last = attempt({ unit: "finalize", suspended: true });
    expect(stops(pass({ job: several, attempts: [broken, last] }))).toEqual([]);
  });
});
