import { expect, test } from "vitest";
import { attempt, mediaJob, NOW_MS, observation, sources, web } from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import type { Rejection } from "../queue/rejections.ts";
import { MOST_ATTEMPTS } from "./attempt.ts";
import { decide } from "./decide.ts";
import { DEFAULT_POLICY } from "./policy.ts";

const DEADLINE_MS = DEFAULT_POLICY.startDeadlineMs;
const job = mediaJob({
  outputs: [web],
  sources: sources("a", "b", "c", "d", "e"),
  parallelism: 5,
});
const rejection = (fields: Partial<Rejection> = {}): Rejection => ({
  attempt: 1,
  message: "exceeded quota: jobs",
  sinceMs: NOW_MS,
  lastMs: NOW_MS,
  untilMs: NOW_MS + 5_000,
  times: 1,
  ...fields,
});
const startTime = "2026-01-01T11:59:00Z";
const overdue = rejection({ sinceMs: NOW_MS - DEADLINE_MS });

function pass(rejections: Record<string, Rejection>, fields: Parameters<typeof observation>[0] = {}) {
  const seen = observation({ job, rejections: new Map(Object.entries(rejections)), ...fields });
  const { actions, status, requeueAfterMs } = decide(seen, plan(seen.job.spec, defaultConfiguration().pools));
  const started = actions.flatMap((action) => (action.do === "StartAttempt" ? [action.unit.name] : []));
  const stalled = status.conditions?.find(({ type }) => type === "Stalled");
  return { started, status, stalled, requeueAfterMs };
}

test("a unit whose Job is refused waits, says so in the server's words, and holds nobody else up", () => {
  const { started, stalled, requeueAfterMs } = pass({ "video-0": rejection() });
  expect(started).toEqual(["video-1", "video-2", "video-3", "video-4"]);
  expect(stalled).toMatchObject({
    status: "True",
    reason: "UnitCreationRejected",
    message: "unit video-0 cannot start: its Job is refused: exceeded quota: jobs",
  });
  expect(requeueAfterMs).toBe(5_000);
});

test("where three are refused the others wait with them, and the queue tells why", () => {
  const three = { "video-0": rejection(), "video-1": rejection(), "video-2": rejection() };
  const { started, status } = pass(three);
  expect(started).toEqual([]);
  expect(status).toMatchObject({
    phase: "Queued",
    queue: { reason: "UnitCreationRejected", message: expect.stringContaining("exceeded quota") },
    history: [{ to: "Queued", reason: "UnitCreationRejected" }],
  });
});

test("it is asked for again when its time has come", () => {
  const { started, stalled } = pass({ "video-0": rejection({ untilMs: NOW_MS }) });
  expect(started).toContain("video-0");
  expect(stalled?.status).toBe("False");
});

test("a unit that was refused long ago and had no room since is asked for once more before it ends", () => {
  const sinceMs = NOW_MS - 2 * DEADLINE_MS;
  const { started, status } = pass({ "video-0": rejection({ sinceMs, lastMs: sinceMs, untilMs: sinceMs }) });
  expect(started).toContain("video-0");
  expect(status.units).toMatchObject({ failed: 0 });
});

test.each([
  { what: "refused for as long as a start may take", rejections: { "video-0": overdue }, failed: 1 },
  {
    what: "refused after three were to the end",
    rejections: { "video-0": overdue, "video-1": overdue, "video-2": overdue, "video-3": rejection() },
    failed: 4,
  },
])("a unit that is $what ends", ({ rejections, failed }) => {
  const { status, started } = pass(rejections);
  expect(status.units).toMatchObject({ failed });
  expect(started).toHaveLength(5 - failed);
  expect(status.failures).toHaveLength(failed);
  expect(status.failures?.[0]).toMatchObject({
    unit: "video-0",
    class: "config",
    reason: "UnitCreationRejected",
    message: expect.stringMatching(/^its Job was refused for \d+ s: exceeded quota: jobs$/),
  });
});

test("a unit whose Job has no room in a quota that others have used up is asked for much longer, not all the time", () => {
  const message =
    "exceeded quota: jobs, requested: count/jobs.batch=1, used: count/jobs.batch=9, limited: count/jobs.batch=9";
  const { status, started, requeueAfterMs } = pass({ "video-0": { ...overdue, message } });
  expect(started).not.toContain("video-0");
  expect(status).toMatchObject({ units: { failed: 0 } });
  expect(requeueAfterMs).toBe(5_000);

  const sinceMs = NOW_MS - MOST_ATTEMPTS * DEADLINE_MS;
  const atLast = pass({ "video-0": rejection({ sinceMs, message }) });
  expect(atLast.status.failures).toMatchObject([{ unit: "video-0", reason: "UnitCreationRejected" }]);

  const cancelled = {
    ...job,
    spec: { ...job.spec, cancel: true },
    status: { phase: "Running", startTime } as const,
  };
  const after = pass({ finalize: { ...overdue, message } }, { job: cancelled });
  expect(after.status.phase).toBe("Cancelled"); // what sweeps after a stop is not asked for without end
});

test("an earlier attempt's refusal counts nothing for the next one", () => {
  const again = { ...job, spec: { ...job.spec, retryGeneration: 1 } };
  expect(pass({ "video-0": overdue }, { job: again }).started).toContain("video-0");
});

test("one that had no attempt since it was retried names none", () => {
  const again = { ...job, spec: { ...job.spec, retryGeneration: 1 } };
  const { status } = pass({ "video-0": { ...overdue, attempt: 101 } }, { job: again });
  expect(status.failures).toMatchObject([{ unit: "video-0", reason: "UnitCreationRejected" }]);
  expect(status.failures?.[0]).not.toHaveProperty("attempt");
});

test("a unit that runs is not refused", () => {
  const { stalled } = pass({ "video-0": rejection() }, { attempts: [attempt({ unit: "video-0" })] });
  expect(stalled?.status).toBe("False");
});
