import { expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import type { Transition } from "../../../crds/media-job-status.ts";
import { failed, mediaJob, NOW_MS, observation, succeeded } from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import { decide } from "./decide.ts";
import type { Observation } from "./decision.ts";
import { historyOf, runningSeconds } from "./history.ts";

const time = "2026-01-01T12:00:00Z";

test.each<{
  name: string;
  before: Parameters<typeof historyOf>[0];
  to: Transition["to"];
  stopping?: boolean;
  added: object;
}>([
  {
    name: "the first has no phase before it",
    before: {},
    to: "Queued",
    added: { to: "Queued", reason: "BecauseOfTests" },
  },
  {
    name: "a resumed MediaJob says that it was resumed",
    before: { phase: "Suspended" },
    to: "Running",
    added: { from: "Suspended", to: "Running", reason: "Resumed" },
  },
  {
    name: "one that ended while it was suspended was not resumed",
    before: { phase: "Suspended" },
    to: "Succeeded",
    added: { from: "Suspended", to: "Succeeded", reason: "BecauseOfTests" },
  },
  {
    name: "one that left its end was retried",
    before: { phase: "PartiallySucceeded" },
    to: "Queued",
    added: { from: "PartiallySucceeded", to: "Queued", reason: "Retried" },
  },
  {
    name: "one whose lost work runs again was retried",
    before: { phase: "RecoveryRequired" },
    to: "Running",
    added: { from: "RecoveryRequired", to: "Running", reason: "Retried" },
  },
  {
    name: "one that was cancelled while its lost work waited was not",
    before: { phase: "RecoveryRequired" },
    to: "Cancelled",
    added: { from: "RecoveryRequired", to: "Cancelled", reason: "BecauseOfTests" },
  },
  {
    name: "one that is suspended while its lost work waits was not retried",
    before: { phase: "RecoveryRequired" },
    to: "Suspended",
    added: { from: "RecoveryRequired", to: "Suspended", reason: "BecauseOfTests" },
  },
  {
    name: "one that was stopped while it was suspended was not resumed",
    before: { phase: "Suspended" },
    to: "Running",
    stopping: true,
    added: { from: "Suspended", to: "Running", reason: "BecauseOfTests" },
  },
])("$name", ({ before, to, stopping = false, added }) => {
  expect(historyOf(before, verdict(to), { now: time, stopping })).toStrictEqual([{ time, ...added }]);
});

test("a phase that stays adds nothing", () => {
  const history: Transition[] = [{ time, to: "Running", reason: "UnitsRunning" }];
  expect(historyOf({ phase: "Running", history }, verdict("Running"), { now: time })).toBe(history);
});

test("the last 50 are kept", () => {
  const history = Array.from(
    { length: 50 },
    (_, index): Transition => ({
      time,
      to: index % 2 ? "Suspended" : "Running",
      reason: `R${index}`,
    }),
  );
  const kept = historyOf({ phase: "Suspended", history }, verdict("Running"), { now: time });
  expect(kept).toHaveLength(50);
  expect(kept.at(0)?.reason).toBe("R1");
  expect(kept.at(-1)).toMatchObject({ from: "Suspended", to: "Running" });
});

test("the time in which it was suspended or had ended is no time that it ran", () => {
  const at = (minute: number, to: Transition["to"]): Transition => ({
    ...{ to, reason: "BecauseOfTests" },
    time: `2026-01-01T12:${minute}:00Z`,
  });
  const history = [at(10, "Queued"), at(11, "Running"), at(13, "Suspended"), at(20, "Running")];
  const now = Date.parse("2026-01-01T12:50:00Z");
  expect(runningSeconds(history, now)).toBe(32 * 60);
  expect(runningSeconds([...history, at(21, "Failed"), at(49, "Running")], now)).toBe(4 * 60);
  expect(runningSeconds([], now)).toBe(0);
});

const verdict = (phase: Transition["to"]) => ({ phase, reason: "BecauseOfTests", message: "" });

/** Passes over one MediaJob, each seeing what the one before wrote. */
function live(passes: readonly { spec?: object; attempts?: Observation["attempts"] }[]) {
  let job: MediaJob = mediaJob();
  for (const [index, { spec, attempts = [] }] of passes.entries()) {
    job = { ...job, spec: { ...job.spec, ...spec } };
    const observed = observation({ job, attempts, nowMs: NOW_MS + index * 60_000 });
    job = { ...job, status: decide(observed, plan(job.spec, defaultConfiguration().pools)).status };
  }
  return job.status?.history?.map(({ time, from = "", to, reason }) => `${time} ${from} > ${to} ${reason}`);
}

test("a life in full, each pass seen twice, is told once in the order of its events", () => {
  const gaveUp = failed({ exitCode: 10 });
  const history = live([
    {},
    {},
    { spec: { suspend: true } },
    { spec: { suspend: true } },
    { spec: { suspend: false } },
    { attempts: [gaveUp] },
    { attempts: [gaveUp] },
    { spec: { retryGeneration: 1 }, attempts: [gaveUp] },
    { attempts: [gaveUp, succeeded({ attempt: 101 })] },
    {},
  ]);
  expect(history).toEqual([
    "2026-01-01T12:00:00Z  > Running UnitsRunning",
    "2026-01-01T12:02:00Z Running > Suspended Suspended",
    "2026-01-01T12:04:00Z Suspended > Running Resumed",
    "2026-01-01T12:05:00Z Running > Failed UnitsFailed",
    "2026-01-01T12:07:00Z Failed > Running Retried",
    "2026-01-01T12:08:00Z Running > Succeeded Succeeded",
  ]);
});
