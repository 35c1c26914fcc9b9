import { expect, test } from "vitest";
import { classOf, type FailureReason } from "../../../crds/failures.ts";
import type { FailedAttempt } from "../../../crds/media-job-status.ts";
import {
  attempt,
  failed,
  film,
  finalized,
  mediaJob,
  NOW_MS,
  observation,
  result,
  succeeded,
} from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { grow, plan } from "../plan/plan.ts";
import type { ObservedAttempt } from "./attempt.ts";
import { decide } from "./decide.ts";
import type { Observation } from "./decision.ts";
import { growthOf } from "./growth.ts";
import { DEFAULT_POLICY } from "./policy.ts";

const { pools } = defaultConfiguration();
const report = { formats: ["json"] };
const atMostOnce = { retry: { maxAttempts: 1 } };
const once = { report, ...atMostOnce };
const killed = failed({ exitCode: 137 });
const broken = failed({
  result: result({ failure: { ...{ class: "internal", reason: "EngineFailed" }, message: "" } }),
});
const outOfMemory = failed({ exitCode: 137, oomKilled: true, memoryBytes: 2 ** 50 });
const reported = succeeded({ result: result({ reportUri: "volume://media/out/holiday.report.json" }) });
/** It ended well, and what it said is lost. */
const silent = (fields: Partial<ObservedAttempt> = {}) =>
  attempt({ state: "Succeeded", exitCode: 0, endedAtMs: NOW_MS, ...fields });
const begun = { phase: "Running", startTime: "2026-01-01T11:59:00Z" } as const;

/** A pass as a shell makes it: the plan grows as soon as it can. */
function pass(seen: Partial<Observation>) {
  const observed = observation({ nowMs: NOW_MS + 1000, ...seen });
  const { spec } = observed.job;
  const first = plan(spec, pools);
  const growth = growthOf(first, observed);
  const whole = growth ? grow(first, growth, { spec, pools }) : first;
  return { plan: whole, ...decide(observed, whole) };
}

test.each([
  { name: "one that was killed and is not tried again", spec: once, attempts: [killed], grows: true },
  { name: "one that ran out of all the memory there is", attempts: [outOfMemory], grows: true },
  { name: "one whose result was lost", attempts: [silent()], grows: true },
  { name: "one cancelled before its next attempt", spec: { cancel: true }, attempts: [killed], grows: true },
  {
    name: "one cancelled whose pod is gone",
    spec: { cancel: true },
    attempts: [],
    status: begun,
    grows: true,
  },
  {
    name: "one that was lost with its node, and killed when it was tried again",
    spec: once,
    attempts: [
      attempt({ unreachable: { node: "node-1", sinceMs: NOW_MS - DEFAULT_POLICY.unreachableNodeMs } }),
      failed({ attempt: 2, exitCode: 137 }),
    ],
    grows: true,
  },
  { name: "one that runs", attempts: [attempt()], grows: false },
  { name: "one that is being stopped", spec: { cancel: true }, attempts: [attempt()], grows: false },
  { name: "one that is tried again", attempts: [killed], grows: false },
  { name: "one that wrote its report", attempts: [reported], grows: false },
  { name: "one that never began", spec: { cancel: true }, attempts: [], grows: false },
  {
    name: "one that is over",
    spec: once,
    attempts: [killed],
    status: { ...begun, phase: "Failed" as const, units: { ...counts(), ledger: "1f" } },
    grows: false,
  },
])(
  "the report of $name is written by a unit of its own: $grows",
  ({ spec = {}, attempts, status, grows }) => {
    const job = mediaJob({ report, ...spec }, status);
    const { units } = pass({ job, attempts }).plan;
    expect(units.map(({ name }) => name)).toEqual(["image-0", ...(grows ? ["finalize"] : [])]);
  },
);

const toldSince = (reason: FailureReason, fields: Partial<FailedAttempt> = {}) => ({
  ...begun,
  attempts: [{ ...{ unit: "image-0", attempt: 1, class: classOf(reason), reason, message: "" }, ...fields }],
});

test.each([
  { name: "one that was killed and is not tried again", spec: atMostOnce, attempts: [killed], grows: true },
  { name: "one that ran out of all the memory there is", attempts: [outOfMemory], grows: true },
  {
    name: "one whose Job is gone, and that was killed before it was cancelled",
    spec: { cancel: true },
    status: toldSince("MemoryLimitExceeded", { exitCode: 137 }),
    grows: true,
  },
  {
    name: "one that was killed, and never began when it was tried again",
    spec: { retry: { maxAttempts: 2 } },
    attempts: [killed, failed({ attempt: 2, failedBecause: "no node has room" })],
    grows: true,
  },
  { name: "one that is tried again", attempts: [killed], grows: false },
  { name: "one that failed and said so", spec: atMostOnce, attempts: [broken], grows: false },
  {
    name: "one that was killed, and tidied up when it was tried again",
    spec: { retry: { maxAttempts: 2 } },
    attempts: [killed, { ...broken, attempt: 2 }],
    grows: false,
  },
  {
    name: "one that said so, and was cancelled when its Job was gone",
    spec: { cancel: true },
    status: toldSince("StorageError", { cpuSeconds: 1 }),
    grows: false,
  },
  { name: "one whose result was lost", attempts: [silent()], grows: false },
  {
    name: "one that never began",
    spec: atMostOnce,
    attempts: [failed({ failedBecause: "no node has room" })],
    grows: false,
  },
  {
    name: "one of which no container could be made",
    spec: atMostOnce,
    attempts: [failed({ exitCode: 128, message: "failed to create containerd task" })],
    grows: false,
  },
  {
    name: "one that was stopped, and had the time to tidy up",
    spec: { cancel: true },
    status: begun,
    grows: false,
  },
])(
  "what $name may have left is swept by a unit of its own: $grows",
  ({ spec = {}, attempts = [], status, grows }) => {
    const { units } = pass({ job: mediaJob(spec, status), attempts }).plan;
    expect(units.map(({ name }) => name)).toEqual(["image-0", ...(grows ? ["finalize"] : [])]);
  },
);

test("it is told only what to sweep where no report is wanted, and the MediaJob ends when it has", () => {
  const job = mediaJob(atMostOnce);
  const first = pass({ job, attempts: [killed] });
  expect(first.status.phase).toBe("Running");
  expect(first.actions).toMatchObject([
    { do: "StartAttempt", unit: { name: "finalize" }, finalize: { sweepToAttempt: 99, formats: [] } },
  ]);
  const { status } = decide(observation({ job, attempts: [killed, finalized()] }), first.plan);
  expect(status).toMatchObject({ phase: "Failed", units: { total: 2, failed: 1 } });
});

test("it is told how the other unit ended, and the MediaJob ends when it has", () => {
  const first = pass({ job: mediaJob(once), attempts: [killed] });
  expect(first.status).toMatchObject({ phase: "Running", units: { total: 2, ledger: "1f1." } });
  expect(first.actions).toMatchObject([
    {
      do: "StartAttempt",
      unit: { name: "finalize" },
      attempt: 1,
      finalize: {
        formats: ["json"],
        outcome: { phase: "Failed", reason: "UnitsFailed" },
        open: [{ name: "image-0", result: "Failed" }],
        attempts: [{ unit: "image-0", attempt: 1, exitCode: 137 }],
      },
    },
  ]);
  const reportUri = "volume://media/out/holiday.report.json";
  const last = finalized({ result: result({ unit: "finalize", outputs: [], reportUri }) });
  const { status } = decide(observation({ job: mediaJob(once), attempts: [killed, last] }), first.plan);
  expect(status).toMatchObject({ phase: "Failed", reportUri, units: { total: 2, failed: 1 } });
});

test("when it runs again what finalizes does so after it, anew", () => {
  const { plan: whole, status } = pass({ job: mediaJob(once), attempts: [killed] });
  const over = { ...status, phase: "Failed" as const, units: { ...counts(), ledger: "1f1s" } };
  const again = (attempts: Observation["attempts"]) =>
    decide(observation({ job: mediaJob({ ...once, retryGeneration: 1 }, over), attempts }), whole).actions;
  expect(again([killed, finalized()])).toMatchObject([{ unit: { name: "image-0" }, attempt: 101 }]);
  expect(again([killed, finalized()])[0]).not.toHaveProperty("finalize");
  expect(again([killed, finalized(), succeeded({ attempt: 101 })])).toMatchObject([
    { unit: { name: "finalize" }, attempt: 101, finalize: { outcome: { phase: "Succeeded" } } },
  ]);
});

test("what its only unit found of a long video lets a plan grow, but not after the end", () => {
  const found = result({ unit: "video-0", outputs: [], facts: [[1200, 25]] });
  const job = (status = {}) => mediaJob({ ...once, outputs: [film] }, { ...begun, ...status });
  const grows = (status?: object) =>
    growthOf(
      plan(job().spec, pools),
      observation({ job: job(status), attempts: [succeeded({ unit: "video-0", result: found })] }),
    );
  expect(grows()).toMatchObject({ why: "SourcesKnown" });
  expect(grows({ phase: "Failed", units: { ...counts(), ledger: "1f" } })).toBeUndefined();
});

test("a video that could have been left to parts is made whole when it runs again, and has to say so", () => {
  const dead = failed({ unit: "video-0", exitCode: 137 });
  const { plan: whole } = pass({ job: mediaJob({ ...once, outputs: [film] }), attempts: [dead] });
  expect(whole.units[0]?.wholeUpToSeconds).toBeGreaterThan(1e9);
  const job = mediaJob({ ...once, outputs: [film], retryGeneration: 1 });
  expect(
    decide(observation({ job, attempts: [dead, silent({ unit: "video-0", attempt: 101 })] }), whole).status
      .units?.ledger,
  ).toBe("1f1.");
});

function counts() {
  return { total: 1, pending: 0, running: 0, succeeded: 0, failed: 1, cancelled: 0, done: "1/1" };
}
