import { expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import {
  attempt,
  failed,
  finalized,
  mediaJob,
  NOW_MS,
  observation,
  result,
  sources,
  succeeded,
  web,
} from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { plan } from "../plan/plan.ts";
import type { Pause } from "../queue/pause.ts";
import { decide } from "./decide.ts";
import type { Observation } from "./decision.ts";

const pass = (fields: Partial<Observation>) => {
  const seen = observation(fields);
  return decide(seen, plan(seen.job.spec, defaultConfiguration().pools));
};

/** Two units that make outputs, and one that finalizes. */
const job = (spec: object = {}, status?: MediaJob["status"]) =>
  mediaJob({ outputs: [web], sources: sources("a", "b"), ...spec }, status);

const started = ({ actions }: ReturnType<typeof pass>) =>
  actions.flatMap((action) =>
    action.do === "StartAttempt" ? [`${action.unit.name}-a${action.attempt}`] : [],
  );

const first = succeeded({ unit: "video-0" });
const second = succeeded({ unit: "video-1" });
const broken = failed({
  unit: "video-1",
  result: result({ failure: { class: "input", reason: "SourceCorrupt", message: "b ends early" } }),
});
const begun = { phase: "Running", startTime: "2026-01-01T11:59:00Z" } as const;

test.each([
  {
    name: "it does not start while a unit runs",
    attempts: [first, attempt({ unit: "video-1" })],
    starts: [],
  },
  { name: "it starts when all units succeeded", attempts: [first, second], starts: ["finalize-a1"] },
  { name: "it starts when a unit failed for good", attempts: [first, broken], starts: ["finalize-a1"] },
  {
    name: "it does not start while a pod of a stopped unit is not gone",
    spec: { cancel: true },
    attempts: [first, attempt({ unit: "video-1", state: "Ending" })],
    starts: [],
  },
  { name: "it starts after a cancel", spec: { cancel: true }, attempts: [first], starts: ["finalize-a1"] },
  {
    name: "it starts after a cancel of what is suspended",
    spec: { cancel: true, suspend: true },
    attempts: [first],
    starts: ["finalize-a1"],
  },
  {
    name: "it starts after the deadline",
    spec: { activeDeadlineSeconds: 10 },
    status: begun,
    attempts: [first],
    starts: ["finalize-a1"],
  },
  {
    name: "it does not start while all is suspended",
    spec: { suspend: true },
    attempts: [first, second],
    starts: [],
  },
  { name: "it does not start where nothing ever began", spec: { cancel: true }, attempts: [], starts: [] },
  {
    name: "nothing starts beside it",
    spec: { retryGeneration: 1 },
    attempts: [first, broken, attempt({ unit: "finalize" })],
    starts: [],
  },
  {
    name: "it is tried again when it failed",
    attempts: [first, second, failed({ unit: "finalize", endedAtMs: NOW_MS - 1e6 })],
    starts: ["finalize-a2"],
  },
  {
    name: "it is not tried again after a stop",
    spec: { cancel: true },
    attempts: [first, failed({ unit: "finalize", endedAtMs: NOW_MS - 1e6 })],
    starts: [],
  },
  {
    name: "it does so anew for each retryGeneration",
    spec: { retryGeneration: 1 },
    attempts: [first, finalized(), succeeded({ unit: "video-1", attempt: 101 })],
    starts: ["finalize-a101"],
  },
  {
    name: "a lost one runs again also where recovery is Manual",
    spec: { recovery: "Manual" },
    attempts: [first, second, failed({ unit: "finalize", disrupted: true })],
    starts: ["finalize-a2"],
  },
])("$name", ({ spec = {}, status, attempts, starts }) =>
  expect(started(pass({ job: job(spec, status), attempts }))).toEqual(starts),
);

const circuitOpen: Pause = { reason: "CircuitOpen", message: "waits", starts: 0, untilMs: null };
const conflict: Pause = { ...circuitOpen, reason: "OutputConflict", sparesFinalize: true };
const sameFiles = "for another MediaJob that writes the same files";

test.each([
  { after: "a cancel", waits: sameFiles, pause: conflict, starts: ["finalize-a1"] },
  { after: "a deadline", waits: sameFiles, pause: conflict, starts: ["finalize-a1"] },
  { after: "a cancel", waits: "since its volume fails", pause: circuitOpen, starts: ["finalize-a1"] },
  { after: "a deadline", waits: "since its volume fails", pause: circuitOpen, starts: [] },
])("after $after of what waits $waits, these start: $starts", ({ after, pause, starts }) => {
  const stopped = after === "a cancel" ? job({ cancel: true }) : job({ activeDeadlineSeconds: 10 }, begun);
  expect(started(pass({ job: stopped, attempts: [first], pauses: [pause] }))).toEqual(starts);
});

test("what could not be swept after a cancel, since the volume fails, is told, and it is over", () => {
  const attempts = [first, failed({ unit: "finalize", exitCode: 21 })];
  const { status } = pass({ job: job({ cancel: true }, begun), attempts, pauses: [circuitOpen] });
  expect(status).toMatchObject({
    phase: "Cancelled",
    warnings: [{ message: expect.stringContaining("unit finalize failed") }],
  });
});

test.each([
  { name: "while it runs the MediaJob is Running, and says so", attempts: [first, second], phase: "Running" },
  { name: "then it is over", attempts: [first, second, finalized()], phase: "Succeeded" },
  {
    name: "a MediaJob cancelled while it runs has still succeeded",
    spec: { cancel: true },
    attempts: [first, second, finalized()],
    phase: "Succeeded",
  },
  {
    name: "a deadline that runs out while it runs takes nothing away",
    spec: { activeDeadlineSeconds: 10 },
    status: begun,
    attempts: [first, second, finalized()],
    phase: "Succeeded",
  },
  {
    name: "nor from what had ended in part by then",
    spec: { activeDeadlineSeconds: 10 },
    status: begun,
    attempts: [first, broken, finalized()],
    phase: "PartiallySucceeded",
  },
  {
    name: "a deadline that ended a unit before it was done is what failed",
    spec: { activeDeadlineSeconds: 10 },
    status: begun,
    attempts: [first, finalized()],
    phase: "Failed",
  },
  {
    name: "lost work that waits for a person is not finalized",
    spec: { recovery: "Manual" },
    attempts: [first, failed({ unit: "video-1", disrupted: true })],
    phase: "RecoveryRequired",
  },
  {
    name: "one that was cancelled before it began is over at once",
    spec: { cancel: true },
    attempts: [],
    phase: "Cancelled",
  },
])("$name", ({ spec = {}, status, attempts, phase }) =>
  expect(pass({ job: job(spec, status), attempts }).status.phase).toBe(phase),
);

test("a stop does not stop it", () => {
  const attempts = [first, attempt({ unit: "finalize" })];
  expect(pass({ job: job({ cancel: true }), attempts }).actions).toEqual([]);
});

test.each<{ name: string; spec: object; fields: Partial<Observation>; reason: string }>([
  {
    name: "a cancel it says that it waits for room",
    spec: { cancel: true, suspend: true },
    fields: { free: new Map([["default", 0]]) },
    reason: "PoolFull",
  },
  {
    name: "a deadline it says that it waits for a volume that fails",
    spec: { activeDeadlineSeconds: 10 },
    fields: { pauses: [circuitOpen] },
    reason: "CircuitOpen",
  },
])("after $name", ({ spec, fields, reason }) => {
  const { status } = pass({ job: job(spec, begun), attempts: [first], ...fields });
  expect(status).toMatchObject({ phase: "Running", queue: { reason } });
});

/** The minute is not over yet by this operator's clock. */
const inTime = { activeDeadlineSeconds: 61 };

test.each([
  { name: "while it runs", attempts: [first, attempt({ unit: "finalize" })], ends: { phase: "Running" } },
  { name: "after it", attempts: [first, finalized()], ends: { phase: "Failed", units: { cancelled: 1 } } },
])("what was swept at the deadline, by a clock that is ahead, is not gone on with $name", (row) => {
  const decision = pass({ job: job(inTime, begun), attempts: row.attempts });
  expect(started(decision)).toEqual([]);
  expect(decision.status).toMatchObject(row.ends);
  const reasons = decision.status.conditions?.map(({ reason }) => reason);
  if (row.ends.phase === "Failed") expect(reasons).toContain("DeadlineExceeded");
});

test("of an earlier generation it stops nothing", () => {
  const decision = pass({
    job: job({ ...inTime, retryGeneration: 1 }, begun),
    attempts: [first, broken, finalized()],
  });
  expect(started(decision)).toEqual(["video-1-a101"]);
});

test("begun when all others had ended, it stops nothing", () => {
  const decision = pass({ job: job(inTime, begun), attempts: [first, broken, finalized()] });
  expect(decision.status.phase).toBe("PartiallySucceeded");
});

test("its failure is a warning, and no output is less for it", () => {
  const attempts = [1, 2, 3].map((n) =>
    failed({ unit: "finalize", attempt: n, message: "the disk is full" }),
  );
  const { status } = pass({ job: job(), attempts: [first, second, ...attempts], nowMs: NOW_MS + 1e6 });
  expect(status).toMatchObject({
    phase: "Succeeded",
    units: { ledger: "2s1f", failed: 1 },
    sources: { succeeded: 2, failed: 0 },
    warnings: [
      {
        reason: "WorkerCrashed",
        message: expect.stringContaining("unit finalize failed, all outputs stand"),
      },
    ],
  });
  expect(status.failures).toBeUndefined();
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  expect(ready).toMatchObject({
    reason: "SucceededWithWarnings",
    message: expect.stringContaining("all 2 units that make outputs succeeded; finalize failed"),
  });
});

test("the uri of its report stands in the status", () => {
  const reportUri = "volume://media/out/holiday.report.json";
  const ended = finalized({ result: result({ unit: "finalize", outputs: [], reportUri }) });
  expect(pass({ job: job(), attempts: [first, second, ended] }).status.reportUri).toBe(reportUri);
});

const handedOver = (fields: Partial<Observation>) =>
  pass(fields).actions.flatMap((action) => (action.do === "StartAttempt" ? [action.finalize] : []));

test("it is handed over what no manifest tells", () => {
  const report = { formats: ["json"] };
  expect(handedOver({ job: job({ report }), attempts: [first, broken] })).toMatchObject([
    {
      formats: ["json"],
      sweepToAttempt: 99,
      outcome: { phase: "PartiallySucceeded" },
      startTime: "2026-01-01T12:00:00Z",
      spec: { report, sources: [{ name: "a" }, { name: "b" }] },
      unitCount: 2,
      open: [{ name: "video-1", family: "video", result: "Failed", sources: ["b"], outputs: ["web"] }],
      openLeftOut: 0,
      failures: [{ unit: "video-1", reason: "SourceCorrupt" }],
      attempts: [{ unit: "video-1", attempt: 1 }],
      history: [{ to: "Running" }],
    },
  ]);
});

test("of a webhook it is told the host: paths and queries of URLs hold keys", () => {
  const url = "https://hooks.test:8443/services/T0/XyZ?token=abc";
  const webhooks = [{ name: "chat", url, secretRef: { name: "s" } }];
  const [told] = handedOver({
    job: job({ report: { formats: ["json"] }, webhooks }),
    attempts: [first, second],
  });
  expect(told?.spec).toMatchObject({ webhooks: [{ name: "chat", url: "https://hooks.test:8443/…" }] });
  expect(JSON.stringify(told)).not.toMatch(/XyZ|abc/);
});

test.each([
  {
    name: "without a report it is told only what to sweep",
    spec: {},
    attempts: [first, second],
    expected: [[]],
  },
  {
    name: "an only unit without a report is told nothing",
    spec: { sources: sources("a") },
    attempts: [],
    expected: [undefined],
  },
  {
    name: "an only unit reports itself",
    spec: { sources: sources("a"), report: { formats: ["csv"] } },
    attempts: [],
    expected: [["csv"]],
  },
])("$name", ({ spec, attempts, expected }) =>
  expect(handedOver({ job: job(spec), attempts }).map((told) => told?.formats)).toEqual(expected),
);

test("what is handed over fits a pod's annotations, whatever the size of the MediaJob", () => {
  const names = Array.from({ length: 5000 }, (_, index) => `a-photo-with-quite-a-long-name-${index}`);
  const big = mediaJob(
    {
      sources: sources(...names),
      outputs: [web],
      cancel: true,
      report: { formats: ["json"] },
    },
    begun,
  );
  const [told] = handedOver({ job: big });
  expect(JSON.stringify(told).length).toBeLessThan(160 * 1024);
  expect(told).toMatchObject({ unitCount: 5000, outcome: { phase: "Cancelled" } });
  expect(told?.spec).not.toHaveProperty("sources");
  expect((told?.open.length ?? 0) + (told?.openLeftOut ?? 0)).toBe(5000);
});
