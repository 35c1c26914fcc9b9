import { expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import {
  attempt,
  finalized,
  mediaJob,
  NOW_MS,
  sources,
  succeeded,
  web,
} from "../../../test/builders/core.ts";
import { advanced, pass, starts, stops } from "../../../test/builders/passes.ts";

test("cancel stops what runs, and is Cancelled when it is gone", () => {
  const job = mediaJob({ outputs: [web], sources: sources("a", "b"), cancel: true });
  const running = advanced(job, pass({ job: mediaJob({ outputs: [web], sources: sources("a", "b") }) }));
  const stopping = pass({
    job: running,
    attempts: [succeeded({ unit: "video-0" }), attempt({ unit: "video-1" })],
  });
  expect(stops(stopping)).toEqual(["holiday-video-1-a1"]);
  expect(stopping.status.phase).toBe("Running");
  const cleaning = pass({ job: advanced(job, stopping), attempts: [] });
  expect(starts(cleaning)).toEqual(["finalize-a1"]);
  expect(cleaning.status.phase).toBe("Running");
  const ended = pass({ job: advanced(job, cleaning), attempts: [finalized()] });
  expect(ended.status).toMatchObject({ phase: "Cancelled", units: { ledger: "1s1c1s" } });
});

test("a MediaJob past its deadline fails", () => {
  const job = mediaJob({ activeDeadlineSeconds: 60 });
  const running = advanced(job, pass({ job }));
  expect(pass({ job: running, attempts: [attempt()] }).requeueAfterMs).toBe(60_000);
  const late = pass({ job: running, attempts: [attempt()], nowMs: NOW_MS + 60_000 });
  expect(late.requeueAfterMs).toBeNull(); // the end of its attempt brings the next pass
  expect(stops(late)).toEqual(["holiday-image-0-a1"]);
  const ended = pass({ job: advanced(job, late), nowMs: NOW_MS + 61_000 });
  expect(ended.status).toMatchObject({
    phase: "Failed",
    conditions: [{ reason: "DeadlineExceeded" }, {}, {}, {}, {}, {}, {}],
  });
});

test("what is suspended loses no time, and has all of it again when it goes on", () => {
  const spec = { activeDeadlineSeconds: 60, outputs: [web], sources: sources("a", "b"), parallelism: 1 };
  const done = succeeded({ unit: "video-0" });
  const seen = (job: MediaJob, afterSeconds: number) =>
    pass({ job, attempts: [done], nowMs: NOW_MS + afterSeconds * 1000 });
  const begun = advanced(mediaJob({ ...spec, suspend: true }), pass({ job: mediaJob(spec) }));
  const suspended = seen(begun, 50);
  const later = seen(advanced(begun, suspended), 3600);
  expect([later.status.phase, later.requeueAfterMs]).toEqual(["Suspended", null]);
  const resumed = seen(advanced(mediaJob(spec), later), 7200);
  expect(starts(resumed)).toEqual(["video-1-a1"]);
  const goesOn = (afterSeconds: number) =>
    pass({
      job: advanced(mediaJob(spec), resumed),
      attempts: [done, attempt({ unit: "video-1" })],
      nowMs: NOW_MS + afterSeconds * 1000,
    });
  expect(stops(goesOn(7259))).toEqual([]);
  expect(stops(goesOn(7260))).toEqual(["holiday-video-1-a1"]);
});

test("what is suspended when its time is over already has failed", () => {
  const spec = { activeDeadlineSeconds: 60, outputs: [web], sources: sources("a", "b"), parallelism: 1 };
  const begun = advanced(mediaJob({ ...spec, suspend: true }), pass({ job: mediaJob(spec) }));
  const attempts = [attempt({ unit: "video-0" })];
  const late = pass({ job: begun, attempts, nowMs: NOW_MS + 60_000 });
  expect([late.status.phase, ...stops(late)]).toEqual(["Running", "holiday-video-0-a1"]);
});

test("a MediaJob that is retried after its deadline has all of it again", () => {
  const first = mediaJob({ activeDeadlineSeconds: 60 });
  const [endMs, retryMs] = [NOW_MS + 60_000, NOW_MS + 3_600_000];
  const running = advanced(first, pass({ job: first }));
  const ended = advanced(first, pass({ job: running, nowMs: endMs }));
  expect(ended.status?.phase).toBe("Failed");
  const retried: MediaJob = { ...ended, spec: { ...ended.spec, retryGeneration: 1 } };
  const again = pass({ job: retried, nowMs: retryMs });
  expect(starts(again)).toEqual(["image-0-a101"]);
  const seen = { job: advanced(retried, again), attempts: [attempt({ attempt: 101 })] };
  const inTime = pass({ ...seen, nowMs: retryMs + 59_000 });
  expect([stops(inTime), inTime.requeueAfterMs]).toEqual([[], 1_000]);
  expect(stops(pass({ ...seen, nowMs: retryMs + 60_000 }))).toEqual(["holiday-image-0-a101"]);
});
