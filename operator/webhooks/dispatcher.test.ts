import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { mediaJob } from "../../test/builders/core.ts";
import type { DeliveryOutcome } from "../core/reconcile/decision.ts";
import type { Delivery } from "./deliver.ts";
import { Dispatcher } from "./dispatcher.ts";

const webhooks = ["a", "b"].map((name) => ({ name, url: `https://${name}.test/`, secretRef: { name: "s" } }));

/** A MediaJob in whose outbox these events wait. */
const jobWith = (pending: Record<string, string[]>) =>
  mediaJob(
    { webhooks },
    {
      webhooks: Object.entries(pending).map(([name, ids]) => ({
        name,
        delivered: 0,
        deadLetters: 0,
        pending: ids.map((id, index) => ({
          id,
          type: "job.started",
          sequence: index + 1,
          time: "2026-01-01T12:00:00Z",
          phase: "Running" as const,
        })),
      })),
    },
  );

let answers: Record<string, Delivery[]>;
let sent: string[];
let slept: number[];
let outcomes: DeliveryOutcome[];
let alive: boolean;
let dispatcher: Dispatcher;

beforeEach(() => {
  [answers, sent, slept, outcomes, alive] = [{}, [], [], [], true];
  dispatcher = new Dispatcher({
    secretOf: async () => "c2VjcmV0",
    send: async ({ id, url }) => {
      const host = new URL(url).hostname;
      sent.push(`${host} ${id}`);
      return answers[host]?.shift() ?? { outcome: "delivered", status: 200 };
    },
    sleep: async (ms) => slept.push(ms) > 0 && alive,
    now: () => new Date(0),
    log: pino({ enabled: false }),
    onOutcome: (_, outcome) => outcomes.push(outcome),
  });
});

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("each endpoint gets its first event, and the second only when the first is written down", async () => {
  const job = jobWith({ a: ["m1", "m2"], b: ["m1"] });
  dispatcher.dispatch("k", job);
  await settled();
  dispatcher.dispatch("k", job);
  await settled();
  expect(sent).toEqual(["a.test m1", "b.test m1"]);
  const written = jobWith({ a: ["m2"], b: [] });
  dispatcher.acknowledge("k", written);
  expect(dispatcher.outcomes("k")).toEqual([]);
  dispatcher.dispatch("k", written);
  await settled();
  expect(sent.at(-1)).toBe("a.test m2");
});

test("a failed try is repeated after growing delays, and not before Retry-After", async () => {
  const failing: Delivery = { outcome: "retry", error: "the endpoint answered 503" };
  answers = { "a.test": [failing, failing, { ...failing, retryAfterMs: 90_000 }] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await settled();
  expect(slept).toEqual([1000, 2000, 90_000]);
  expect(outcomes).toEqual([{ webhook: "a", id: "m1", delivered: true }]);
});

test("after the last try the event is given up, with what was said", async () => {
  answers = {
    "a.test": Array.from({ length: 20 }, () => ({ outcome: "retry" as const, error: "answered 503" })),
  };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await settled();
  expect(outcomes).toEqual([
    { webhook: "a", id: "m1", delivered: false, error: "job.started given up after 10 tries: answered 503" },
  ]);
});

test("a refusal is not repeated, and the other endpoint does not wait for it", async () => {
  answers = { "a.test": [{ outcome: "refused", error: "answered 404" }] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"], b: ["m1"] }));
  await settled();
  expect(sent).toEqual(["a.test m1", "b.test m1"]);
  expect(outcomes.map(({ webhook, delivered }) => [webhook, delivered])).toEqual(
    expect.arrayContaining([
      ["a", false],
      ["b", true],
    ]),
  );
});

test("an event whose delivery ended with the term is sent in the next one", async () => {
  const job = jobWith({ a: ["m1"] });
  answers = { "a.test": [{ outcome: "retry", error: "503" }] };
  alive = false;
  dispatcher.dispatch("k", job);
  await settled();
  expect([sent, outcomes]).toEqual([["a.test m1"], []]);
  dispatcher.dispatch("k", job);
  await settled();
  expect(outcomes).toEqual([{ webhook: "a", id: "m1", delivered: true }]);
});
