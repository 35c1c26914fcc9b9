import { describe, expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import {
  attempt,
  failed,
  mediaJob,
  NOW_MS,
  observation,
  result,
  sources,
  succeeded,
} from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { grow, plan } from "../plan/plan.ts";
import { decide } from "./decide.ts";
import type { Observation } from "./decision.ts";
import { factsFor } from "./facts.ts";
import { growthOf } from "./growth.ts";

const { pools } = defaultConfiguration();

const job = (spec: object = {}, status?: MediaJob["status"]): MediaJob =>
  mediaJob(
    { outputs: [{ name: "film", video: { height: 360 } }], sources: sources("a", "b"), ...spec },
    status,
  );

const nothing = { counts: { succeeded: 0, skipped: 0, failed: 0 }, outputs: [] };
const probed = (...durations: (number | null)[]) =>
  succeeded({
    unit: "probe-0",
    result: result({
      ...nothing,
      unit: "probe-0",
      facts: durations.map((seconds) => [seconds, 640, 360, 25, 1, 1000]),
    }),
  });
const facts = (seen: Partial<Observation>) => {
  const observed = observation({ job: job(), ...seen });
  return factsFor(plan(observed.job.spec, pools), observed);
};

test.each([
  {
    name: "there are none while a source is probed",
    seen: { attempts: [attempt({ unit: "probe-0" })] },
    expected: undefined,
  },
  {
    name: "there are none while a probe is to be tried again",
    seen: { attempts: [failed({ unit: "probe-0" })] },
    expected: undefined,
  },
  { name: "they are what was found", seen: { attempts: [probed(7, 300)] }, expected: [7, 300] },
  {
    name: "what was not found is unknown",
    seen: { attempts: [probed(null, 300)] },
    expected: [undefined, 300],
  },
  {
    name: "a probe that failed for good leaves all unknown",
    seen: { attempts: [failed({ unit: "probe-0", exitCode: 11 })] },
    expected: [],
  },
  {
    name: "so does one whose pod was gone before it was read",
    seen: {
      job: job(
        {},
        {
          units: {
            total: 1,
            pending: 0,
            running: 0,
            succeeded: 1,
            failed: 0,
            cancelled: 0,
            ledger: "1s",
            done: "1/1",
          },
        },
      ),
    },
    expected: [],
  },
  {
    name: "a MediaJob that is cancelled before it began does not wait",
    seen: { job: job({ cancel: true }) },
    expected: [],
  },
  {
    name: "one that is cancelled waits until its probe is gone",
    seen: { job: job({ cancel: true }), attempts: [attempt({ unit: "probe-0", state: "Ending" as const })] },
    expected: undefined,
  },
])("$name", ({ seen, expected }) => {
  const found = facts(seen);
  expect(found && [...found.values()].map(({ durationSeconds }) => durationSeconds)).toEqual(expected);
});

/** A pass as a shell makes it: the plan grows as soon as it can. */
const pass = (seen: Partial<Observation>) => {
  const observed = observation({ job: job(), ...seen });
  const first = plan(observed.job.spec, pools);
  const growth = growthOf(first, observed);
  return decide(observed, growth ? grow(first, growth, { spec: observed.job.spec, pools }) : first);
};
test("a source that was probed has not succeeded: its outputs are to come", () => {
  const films = job({ sources: sources(...Array.from({ length: 120 }, (_, index) => `film-${index}`)) });
  const seen = { job: films, attempts: [probed(...Array.from({ length: 60 }, () => 7))] };
  const decision = pass(seen);
  expect(decision.status).toMatchObject({
    units: { done: "1/2" },
    sources: { total: 120, succeeded: 0, failed: 0 },
  });
  expect(decision.done).toEqual({ wrote: false });
});

const started = ({ actions }: ReturnType<typeof pass>) =>
  actions.flatMap((action) => (action.do === "StartAttempt" ? [action.unit.name] : []));
const part = (number: number, fields: object = {}) =>
  succeeded({ unit: `part-${number}`, result: result({ ...nothing, unit: `part-${number}` }), ...fields });

test.each([
  { name: "first, only sources are probed", attempts: [], starts: ["probe-0"] },
  {
    name: "then the parts of the long one and the short one start together",
    attempts: [probed(130, 7)],
    starts: ["part-0", "part-1", "video-0"],
  },
  {
    name: "parts are not joined while one is missing",
    attempts: [probed(130, 7), part(0), attempt({ unit: "part-1" }), attempt({ unit: "video-0" })],
    starts: [],
  },
  {
    name: "they are joined once all are there",
    attempts: [probed(130, 7), part(0), part(1), attempt({ unit: "video-0" })],
    starts: ["join-0"],
  },
  {
    name: "no more start than parallelism lets",
    spec: { parallelism: 2 },
    attempts: [probed(130, 7)],
    starts: ["part-0", "part-1"],
  },
])("$name", ({ spec, attempts, starts }) =>
  expect(started(pass({ job: job(spec), attempts }))).toEqual(starts),
);

const input = { class: "input", reason: "SourceCorrupt", message: "it ends early" } as const;
const brokenPart = failed({ unit: "part-1", result: result({ ...nothing, failure: input }) });

test("a part that failed for good cancels the join, and the MediaJob tells why", () => {
  const video = succeeded({ unit: "video-0" });
  const { status } = pass({ attempts: [probed(130, 7), part(0), brokenPart, video] });
  expect(status).toMatchObject({
    phase: "Running",
    conditions: expect.arrayContaining([expect.objectContaining({ type: "Ready", reason: "Finalizing" })]),
    units: { ledger: "2s1f1c1s1.", failed: 1, cancelled: 1 },
    sources: { failed: 1, succeeded: 1 },
    failures: [{ unit: "part-1", source: "a", reason: "SourceCorrupt" }],
  });
});

test("a retry makes the parts of that join again, which were swept, and nothing else", () => {
  const ledger = "2s1f1c2s";
  const done = {
    phase: "PartiallySucceeded" as const,
    startTime: "2026-01-01T11:00:00Z",
    units: { total: 6, pending: 0, running: 0, succeeded: 3, failed: 1, cancelled: 1, ledger, done: "6/6" },
  };
  const attempts = [probed(130, 7), part(0), brokenPart, succeeded({ unit: "video-0" })];
  expect(started(pass({ job: job({ retryGeneration: 1 }, done), attempts }))).toEqual(["part-0", "part-1"]);
});

test("a probe that failed is a warning; what it did not find is planned as unknown", () => {
  const attempts = [failed({ unit: "probe-0", exitCode: 11 })];
  const decision = pass({ attempts });
  expect(started(decision)).toEqual(["video-0", "video-1"]);
  expect(decision.status).toMatchObject({
    phase: "Running",
    sources: { failed: 0 },
    warnings: [{ reason: "WorkerCrashed" }],
  });
  expect(decision.status.failures).toBeUndefined();
});

test("the rest is planned at once though no pool has the memory that a probe asks for", () => {
  const asks = failed({ unit: "probe-0", exitCode: 137, oomKilled: true, memoryBytes: 2 ** 50 });
  const seen = observation({ job: job(), attempts: [asks], nowMs: NOW_MS + 1000 });
  const { status, requeueAfterMs } = decide(seen, plan(seen.job.spec, pools));
  expect(status).toMatchObject({ units: { ledger: "1f" } });
  expect(requeueAfterMs).toBe(0); // nobody else brings a pass
  const next = { ...seen, job: { ...seen.job, status } };
  expect(growthOf(plan(seen.job.spec, pools), next)).toMatchObject({ why: "SourcesKnown" });
});

test("a lost part that waits for a person holds the MediaJob, though a join waits for it", () => {
  const lost = failed({ unit: "part-1", disrupted: true });
  const { status } = pass({
    job: job({ recovery: "Manual" }),
    attempts: [probed(130, 7), part(0), lost, succeeded({ unit: "video-0" })],
  });
  expect(status.phase).toBe("RecoveryRequired");
});

test("progress does not stand near its end while most is still unknown", () => {
  expect(pass({ attempts: [probed(130, 7)] }).status.progress?.percent).toBeLessThan(10);
});

describe("the only unit of a MediaJob", () => {
  const only = job({ sources: sources("a") });
  const looked = succeeded({
    unit: "video-0",
    result: result({ ...nothing, unit: "video-0", facts: [[170, 640, 360, 25, 1, 1000, 1]] }),
  });
  const made = succeeded({ unit: "video-0", result: result({ unit: "video-0" }) });

  test("makes a short source whole, and that is all", () => {
    expect(started(pass({ job: only }))).toEqual(["video-0"]);
    const { status } = pass({ job: only, attempts: [made] });
    expect(status).toMatchObject({ phase: "Succeeded", units: { ledger: "1s", total: 1 } });
  });

  test("leaves a long one to parts, which are joined, and the MediaJob is finalized", () => {
    const decision = pass({ job: only, attempts: [looked] });
    expect(started(decision)).toEqual(["part-0", "part-1", "part-2"]);
    expect(decision.status).toMatchObject({ phase: "Running", units: { ledger: "1s5.", total: 6 } });
    expect(decision.status.progress?.percent, "it has only looked").toBeLessThan(20);
    expect(decision.measured, "so little is not what such work takes").toEqual([]);
    const parts = [part(0), part(1), part(2)];
    expect(started(pass({ job: only, attempts: [looked, ...parts] }))).toEqual(["join-0"]);
  });

  test("has failed where its parts have, though it has looked and a part was made", () => {
    const finalize = succeeded({ unit: "finalize", result: result({ ...nothing, unit: "finalize" }) });
    const attempts = [looked, part(0), brokenPart, part(2), finalize];
    const { status } = pass({ job: only, attempts });
    expect(status).toMatchObject({ phase: "Failed", units: { ledger: "2s1f1s1c1s" } });
    const failed = status.conditions?.find(({ type }) => type === "Failed");
    expect(failed?.message).toBe("2 of 5 units failed, and no output is made; see status.failures");
  });

  test("is asked again when its word was lost: it may have made nothing", () => {
    const { result: _, ...silent } = looked;
    const later = { job: only, attempts: [silent], nowMs: NOW_MS + 60_000 };
    expect(pass(later).actions).toMatchObject([{ unit: { name: "video-0" }, attempt: 2 }]);
  });

  test.each([
    { name: "sound", output: { audio: {} } },
    { name: "an output that may not be cut", output: { video: { targetBytes: 1e7 } } },
  ])("of $name makes it whole in any case", ({ output }) => {
    const { spec } = job({ sources: sources("a"), outputs: [{ name: "film", ...output }] });
    expect(plan(spec, pools).units).toMatchObject([{ index: 0 }]);
    expect(plan(spec, pools).units[0]?.wholeUpToSeconds).toBeUndefined();
  });

  test("leaves a long one, too, where no two units run at once; it is made whole then", () => {
    const alone = { ...only, spec: { ...only.spec, parallelism: 1 } };
    expect(started(pass({ job: alone, attempts: [looked] }))).toEqual(["video-1"]);
  });
});
