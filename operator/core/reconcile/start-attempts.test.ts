import { expect, test } from "vitest";
import { attempt, mediaJob, NOW_MS, sources, succeeded, web } from "../../../test/builders/core.ts";
import { conditions, pass, starts } from "../../../test/builders/passes.ts";

test("a new MediaJob starts its unit and is Running", () => {
  const decision = pass({});
  expect(starts(decision)).toEqual(["image-0-a1"]);
  expect(decision.status).toMatchObject({
    phase: "Running",
    units: { running: 1, done: "0/1" },
  });
  expect(conditions(decision)).toEqual(["Reconciling", "Admitted", "Planned"]);
});

test("without room it is Queued and says for which pool", () => {
  const decision = pass({ free: new Map([["default", 0]]), position: 7 });
  expect(starts(decision)).toEqual([]);
  expect(decision.status).toMatchObject({ phase: "Queued", queue: { position: 7, reason: "PoolFull" } });
  expect(decision.waitingFor).toEqual(new Map([["default", 1]]));
});

test.each([
  {
    shared: { ofOperator: 5, ofNamespace: 0 },
    reason: "NamespaceFull",
    message:
      "2 units wait for room in pool default; the namespace runs as many as concurrencyPerNamespace allows",
  },
  {
    shared: { ofOperator: 0, ofNamespace: 5 },
    reason: "OperatorFull",
    message: "2 units wait for room in pool default; the operator runs as many as concurrency allows",
  },
  {
    shared: { ofOperator: 5, ofNamespace: 5 },
    reason: "PoolFull",
    message: "2 units wait for room in pool default",
  },
])("without room for a cap that pools share it says which: $reason", ({ shared, reason, message }) => {
  const job = mediaJob({ outputs: [web], sources: sources("a", "b") });
  const { status } = pass({ job, free: new Map([["default", 0]]), shared, position: 3 });
  expect(status.queue).toEqual({ position: 3, reason, message });
});

test("a cap that this pass fills is the one that is told", () => {
  const job = mediaJob({ outputs: [web], sources: sources("a", "b") });
  const seen = { freeInAll: 1, shared: { ofOperator: 5, ofNamespace: 1 } };
  const decision = pass({ job, ...seen });
  expect([starts(decision).length, decision.status.queue?.reason]).toEqual([1, "NamespaceFull"]);
});

test("as many faults as there may be fit into a condition", () => {
  const names = Array.from({ length: 120 }, (_, index) => `missing-${index}`);
  const { status } = pass({ job: mediaJob({ outputs: [{ ...web, sources: names }] }) });
  const messages = (status.conditions ?? []).map(({ message }) => message.length);
  expect([status.phase, Math.max(...messages)]).toEqual(["Failed", 4096]);
});

test("no more than parallelism run at once", () => {
  const job = mediaJob({ outputs: [web], sources: sources("a", "b", "c", "d"), parallelism: 2 });
  expect(starts(pass({ job }))).toEqual(["video-0-a1", "video-1-a1"]);
  expect(starts(pass({ job, attempts: [attempt({ unit: "video-0" })] }))).toEqual(["video-1-a1"]);
});

test("a suspended MediaJob starts nothing and lets what runs finish", () => {
  const decision = pass({
    job: mediaJob({ outputs: [web], sources: sources("a", "b"), suspend: true }),
    attempts: [attempt({ unit: "video-0" })],
  });
  expect(decision.actions).toEqual([]);
  expect(decision.status.phase).toBe("Suspended");
});

test("what ended while it was suspended waits for nothing", () => {
  const { status } = pass({ job: mediaJob({ suspend: true }), attempts: [succeeded()] });
  expect([status.phase, status.queue]).toEqual(["Succeeded", undefined]);
});

test.each([
  { reason: "OutputConflict", message: "waits for MediaJob media/other" },
  { reason: "CircuitOpen", message: "3 attempts failed lately" },
])("what is Queued for $reason says so in its conditions and its history", (why) => {
  const { status } = pass({ pauses: [{ ...why, starts: 0, untilMs: NOW_MS + 60_000 }] });
  expect(status).toMatchObject({ phase: "Queued", queue: why, history: [{ reason: why.reason }] });
  expect(status.conditions?.find(({ type }) => type === "Ready")).toMatchObject(why);
});

test("a unit with a live attempt of an earlier retryGeneration does not start again", () => {
  expect(starts(pass({ job: mediaJob({ retryGeneration: 1 }), attempts: [attempt()] }))).toEqual([]);
});
