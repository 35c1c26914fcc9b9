import { describe, expect, test } from "vitest";
import type { MediaJob } from "../../../crds/media-job.ts";
import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
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
import { advanced, pass as decideOn } from "../../../test/builders/passes.ts";
import type { Decision, Observation } from "./decision.ts";

const hook = (name: string, fields: object = {}) => ({
  name,
  url: `https://${name}.test/`,
  secretRef: { name: "s" },
  ...fields,
});

const pass = (fields: Partial<Observation>) => decideOn(fields).status;

const typesFor = ({ webhooks = [] }: MediaJobStatus, name: string) =>
  webhooks.find((webhook) => webhook.name === name)?.pending.map(({ type }) => type);

const inCluster = (job: MediaJob, status: MediaJobStatus): MediaJob => ({ ...job, status });

const every = { events: ["job.completed", "job.failed", "unit.failed", "unit.retrying", "output.ready"] };

test("an endpoint that names no events gets transitions only", () => {
  const job = mediaJob({ webhooks: [hook("plain"), hook("every", every)] });
  const status = pass({ job, attempts: [succeeded()] });
  expect(typesFor(status, "plain")).toEqual(["job.completed"]);
  expect(typesFor(status, "every")).toEqual(["output.ready", "job.completed"]);
});

test("what leads to the end is told before the end, by consecutive numbers, once", () => {
  const job = mediaJob({ outputs: [web], sources: sources("a", "b"), webhooks: [hook("every", every)] });
  const failure = { class: "input", reason: "SourceCorrupt", message: "b ends early" } as const;
  const attempts = [
    succeeded({ unit: "video-0", result: result({ unit: "video-0" }) }),
    failed({ unit: "video-1", result: result({ unit: "video-1", outputs: [], failure }) }),
    finalized(),
  ];
  const status = pass({ job, attempts });
  const [box] = status.webhooks ?? [];
  expect(box?.pending).toMatchObject([
    {
      type: "output.ready",
      sequence: 1,
      unit: { name: "video-0", attempt: 1 },
      outputCount: 1,
      outputs: [{ source: "beach", output: "thumb" }],
    },
    {
      type: "unit.failed",
      sequence: 2,
      unit: { name: "video-1", attempt: 1, class: "input", reason: "SourceCorrupt" },
      message: "b ends early",
    },
  ]);
  expect(status.phase).toBe("PartiallySucceeded");
  expect(status.eventSequence).toBe(3);
  expect(pass({ job: inCluster(job, status), attempts }).webhooks?.[0]?.pending).toEqual(box?.pending);
});

test("a unit that will be tried again is told of once, with the time of the next attempt", () => {
  const job = mediaJob({ webhooks: [hook("every", every)] }, { phase: "Running" });
  const status = pass({ job, attempts: [failed()] });
  const [event] = status.webhooks?.[0]?.pending ?? [];
  expect(event).toMatchObject({
    type: "unit.retrying",
    unit: { name: "image-0", attempt: 1, class: "internal" },
  });
  expect(Date.parse(event?.unit?.retryTime ?? "")).toBeGreaterThan(NOW_MS);
  expect(pass({ job: inCluster(job, status), attempts: [failed()] }).webhooks?.[0]?.pending).toHaveLength(1);
});

test("units that fail with one reason are one Event", () => {
  const gone = { class: "input", reason: "SourceNotFound", message: "there is no such file" } as const;
  const job = mediaJob({ sources: sources("a", "b", "c"), outputs: [web] });
  const attempts = [0, 1, 2].map((n) => failed({ unit: `video-${n}`, result: result({ failure: gone }) }));
  const seen = { job, attempts };
  expect(decideOn(seen).announcements).toEqual([
    {
      type: "Warning",
      reason: "SourceNotFound",
      message: "unit video-0: there is no such file (and 2 units more)",
    },
    { type: "Normal", reason: "Running", message: expect.any(String) },
  ]);
});

test.each([
  { name: "resumed is told so", spec: {}, told: ["job.resumed"] },
  { name: "cancelled is told of its end alone", spec: { suspend: true, cancel: true }, told: [] },
])("what was suspended and is $name", ({ spec, told }) => {
  const two = { outputs: [web], sources: sources("a", "b"), webhooks: [hook("plain")] };
  const before: MediaJobStatus = { phase: "Suspended", startTime: "2026-01-01T11:59:00Z" };
  const status = pass({
    job: mediaJob({ ...two, ...spec }, before),
    attempts: [succeeded({ unit: "video-0" })],
  });
  expect([status.phase, typesFor(status, "plain")]).toEqual(["Running", told]);
});

test("outputs of an event are few and small; their number is told", () => {
  const outputs = Array.from({ length: 40 }, (_, index) => ({
    source: "beach",
    output: `o${index}`,
    phase: "Succeeded" as const,
    uri: `volume://media/${"x".repeat(900)}/${index}`,
  }));
  const job = mediaJob({ webhooks: [hook("every", every)] });
  const status = pass({ job, attempts: [succeeded({ result: result({ outputs }) })] });
  const [event] = status.webhooks?.[0]?.pending ?? [];
  expect(event).toMatchObject({ outputCount: 40, outputs: [{ output: "o0" }, { output: "o1" }] });
  expect(JSON.stringify(event).length).toBeLessThan(2500);
});

test.each([
  { name: "each endpoint has its own step", from: 5, to: 12, ten: 1, half: 0 },
  { name: "a leap over several steps is one event", from: 5, to: 83, ten: 1, half: 1 },
  { name: "less than a step is none", from: 12, to: 19, ten: 0, half: 0 },
])("progress: $name", ({ from, to, ten, half }) => {
  const job = mediaJob(
    {
      webhooks: [
        hook("ten", { events: ["job.progress"], progressStep: 10 }),
        hook("half", { events: ["job.progress"], progressStep: 50 }),
      ],
    },
    { phase: "Running", startTime: "2026-01-01T11:59:00Z", progress: { percent: from, display: `${from}%` } },
  );
  const attempts = [{ ...succeeded(), state: "Active" as const }];
  const progress = new Map([["image-0", { attempt: 1, fraction: to / 100, stage: "resizing" }]]);
  const status = pass({ job, attempts, progress });
  expect(status.progress?.percent).toBe(to);
  expect(typesFor(status, "ten")).toHaveLength(ten);
  expect(typesFor(status, "half")).toHaveLength(half);
  expect(status.eventSequence ?? 0).toBe(ten || half ? 1 : 0);
  if (ten) {
    expect(status.webhooks?.[0]?.pending[0]?.progress).toMatchObject({
      percent: to,
      stage: "resizing",
    });
  }
});

test("an endpoint of the operator's configuration is told of every MediaJob", () => {
  const shared = [{ ...hook("audit"), secretRef: { name: "s", key: "secret" } }];
  const status = pass({
    job: mediaJob({ webhooks: [hook("audit")] }),
    attempts: [succeeded()],
    endpoints: shared,
  });
  expect(status.webhooks?.map(({ name }) => name)).toEqual(["audit", "operator/audit"]);
  expect(typesFor(status, "operator/audit")).toEqual(["job.completed"]);
});

test("a finished MediaJob replays its dead letters once for each raise of webhookReplayGeneration", () => {
  const job = mediaJob({ webhooks: [hook("a")] });
  const ended = pass({ job, attempts: [succeeded()] });
  const id = ended.webhooks?.[0]?.pending[0]?.id ?? "";
  const lost = pass({
    job: inCluster(job, ended),
    deliveries: [{ webhook: "a", id, delivered: false, error: "answered 500" }],
  });
  expect(lost.webhooks?.[0]).toMatchObject({ pending: [], deadLetters: 1 });
  const raised = mediaJob({ webhooks: [hook("a")], webhookReplayGeneration: 1 });
  const replayed = pass({ job: inCluster(raised, lost) });
  expect(replayed).toMatchObject({
    webhookReplayGeneration: 1,
    webhooks: [{ pending: [{ id }], deadLetters: 0 }],
  });
  const lostAgain = pass({
    job: inCluster(raised, replayed),
    deliveries: [{ webhook: "a", id, delivered: false, error: "answered 500" }],
  });
  expect(pass({ job: inCluster(raised, lostAgain) }).webhooks?.[0]).toMatchObject({
    pending: [],
    deadLetters: 1,
  });
});

describe("the outbox", () => {
  const webhooks = [
    { name: "all", url: "https://example.com/all", secretRef: { name: "s" } },
    { name: "ends", url: "https://example.com/ends", secretRef: { name: "s" }, events: ["job.completed"] },
  ];
  const job = mediaJob({ webhooks });

  const pending = (status: Decision["status"]) =>
    (status.webhooks ?? []).map(({ name, pending }) => [
      name,
      ...pending.map(({ type, sequence }) => `${sequence} ${type}`),
    ]);

  test("each transition is put into the outbox once, for those who want it", () => {
    const started = decideOn({ job });
    const same = decideOn({ job: advanced(job, started), attempts: [attempt()] });
    const ended = decideOn({ job: advanced(job, same), attempts: [succeeded()] });
    expect(pending(started.status)).toEqual([["all", "1 job.started"], ["ends"]]);
    expect(pending(same.status)).toEqual(pending(started.status));
    expect(pending(ended.status)).toEqual([
      ["all", "1 job.started", "2 job.completed"],
      ["ends", "2 job.completed"],
    ]);
  });

  test("a delivered event leaves the outbox, one that was given up is counted", () => {
    const started = decideOn({ job });
    const id = started.status.webhooks?.[0]?.pending[0]?.id ?? "";
    const seen = { job: advanced(job, started), attempts: [attempt()] };
    expect(
      decideOn({ ...seen, deliveries: [{ webhook: "all", id, delivered: true }] }).status.webhooks?.[0],
    ).toEqual({
      name: "all",
      pending: [],
      delivered: 1,
      deadLetters: 0,
    });
    const lost = decideOn({
      ...seen,
      deliveries: [{ webhook: "all", id, delivered: false, error: "410 Gone" }],
    });
    expect(lost.status.webhooks?.[0]).toMatchObject({ pending: [], deadLetters: 1, lastError: "410 Gone" });
  });

  test("an acknowledgement that comes twice takes nothing else out", () => {
    const started = decideOn({ job });
    const id = started.status.webhooks?.[0]?.pending[0]?.id ?? "";
    const deliveries = [{ webhook: "all", id, delivered: true }];
    const once = decideOn({ job: advanced(job, started), attempts: [succeeded()], deliveries });
    const twice = decideOn({ job: advanced(job, once), deliveries });
    expect(twice.status.webhooks?.[0]).toMatchObject({ delivered: 1, pending: [{ type: "job.completed" }] });
  });
});
