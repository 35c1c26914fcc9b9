import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { mediaJob } from "../../test/builders/core.ts";
import type { DeliveryOutcome } from "../core/reconcile/decision.ts";
import type { Delivery } from "./deliver.ts";
import { Dispatcher } from "./dispatcher.ts";

const hook = (name: string, url = `https://${name}.test/`) => ({ name, url, secretRef: { name: "s" } });

/** A MediaJob in whose outbox these events wait. */
function jobWith(
  pending: Record<string, string[]>,
  { type = "job.started", urls = {} as Record<string, string> } = {},
) {
  const events = (ids: string[]) =>
    ids.map((id, index) => ({
      id,
      type,
      sequence: index + 1,
      time: "2026-01-01T12:00:00Z",
      phase: "Running" as const,
    }));
  const names = Object.keys(pending);
  return mediaJob(
    { webhooks: names.filter((name) => !name.includes("/")).map((name) => hook(name, urls[name])) },
    {
      webhooks: names.map((name) => ({
        name,
        delivered: 0,
        deadLetters: 0,
        pending: events(pending[name] ?? []),
      })),
    },
  );
}

/** What hosts answer, in turn; then 200. A function is called. */
let answers: Record<string, (Delivery | (() => Promise<Delivery>))[]>;
let sent: string[];
let nowMs: number;
let timers: { atMs: number; wake: (alive: boolean) => void }[];
let told: DeliveryOutcome[];
let secret: () => Promise<string>;
let leads: boolean;
let dispatcher: Dispatcher;

beforeEach(() => {
  [answers, sent, nowMs, timers, told, leads] = [{}, [], 0, [], [], true];
  secret = async () => "c2VjcmV0";
  dispatcher = newDispatcher();
});

const newDispatcher = (limits = { concurrency: 16, ratePerSecond: 1000 }) =>
  new Dispatcher({
    secretOf: (namespace) => (namespace === undefined ? Promise.resolve("operators") : secret()),
    send: async ({ id, url, secret }) => {
      const { hostname } = new URL(url);
      sent.push(`${hostname} ${id}${secret === "operators" ? " by the operator's" : ""}`);
      const answer = answers[hostname]?.shift() ?? { outcome: "delivered", status: 200 };
      return typeof answer === "function" ? await answer() : answer;
    },
    sleep: (ms) => new Promise((resolve) => void timers.push({ atMs: nowMs + ms, wake: resolve })),
    now: () => new Date(nowMs),
    leads: () => leads,
    limits: () => limits,
    endpoints: () => [{ ...hook("audit"), secretRef: { name: "s", key: "secret" } }],
    log: pino({ enabled: false }),
    onOutcome: (_, outcome) => void told.push(outcome),
  });

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Lets time pass, from one timer to the next. */
async function pass(ms: number): Promise<void> {
  await settled();
  const endMs = nowMs + ms;
  for (;;) {
    const next = timers.toSorted((a, b) => a.atMs - b.atMs)[0];
    if (!next || next.atMs > endMs) break;
    nowMs = Math.max(nowMs, next.atMs);
    timers = timers.filter((timer) => timer !== next);
    next.wake(true);
    await settled();
  }
  nowMs = endMs;
}

const failing: Delivery = { outcome: "retry", error: "the endpoint answered 503", status: 503 };
const concluded = (key = "k") => dispatcher.outcomes(key).filter(({ delivered }) => delivered !== undefined);

test("an endpoint gets its events in order, without a status write between them, and is told of once", async () => {
  dispatcher.dispatch("k", jobWith({ a: ["m1", "m2", "m3"], b: ["m1"] }));
  await pass(0);
  expect(sent.filter((line) => line.startsWith("a"))).toEqual(["a.test m1", "a.test m2", "a.test m3"]);
  expect(told.map(({ webhook, id }) => `${webhook} ${id}`).toSorted()).toEqual(["a m3", "b m1"]);
  expect(concluded()).toHaveLength(4);
  dispatcher.acknowledge("k", jobWith({ a: ["m3"], b: [] }));
  expect(concluded().map(({ id }) => id)).toEqual(["m3"]);
  dispatcher.dispatch("k", jobWith({ a: ["m3"], b: [] }));
  await pass(0);
  expect(sent).toHaveLength(4);
});

test("what comes while an event is on its way is sent after it", async () => {
  const answer = Promise.withResolvers<Delivery>();
  answers = { "a.test": [() => answer.promise] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await pass(0);
  dispatcher.dispatch("k", jobWith({ a: ["m1", "m2"] }));
  await pass(0);
  expect(sent).toEqual(["a.test m1"]);
  answer.resolve({ outcome: "delivered", status: 200 });
  await pass(0);
  expect(sent).toEqual(["a.test m1", "a.test m2"]);
});

test("a failed try is repeated after growing delays, and not before Retry-After", async () => {
  answers = { "a.test": [failing, failing, { ...failing, retryAfterMs: 90_000 }] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await pass(1000);
  expect(sent).toHaveLength(2);
  await pass(1999);
  expect(sent).toHaveLength(2);
  await pass(1);
  expect(sent).toHaveLength(3);
  await pass(89_999);
  expect(sent).toHaveLength(3);
  await pass(1);
  expect(concluded()).toMatchObject([{ webhook: "a", id: "m1", delivered: true }]);
  expect(concluded()[0]?.tries?.map(({ code }) => code)).toEqual([503, 503, 503, 200]);
});

test("a receiver that fails for 30 s gets everything, once it is back, in order", async () => {
  const job = jobWith({ a: ["m1", "m2"] });
  answers = { "a.test": Array.from({ length: 5 }, () => failing) };
  dispatcher.dispatch("k", job);
  await pass(31_000);
  expect(concluded().map(({ id, delivered }) => [id, delivered])).toEqual([
    ["m1", true],
    ["m2", true],
  ]);
});

test("the first failure is told at once, so that a person sees it; later ones ride along", async () => {
  answers = { "a.test": [failing, failing, failing] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await pass(4000);
  expect(told).toMatchObject([{ id: "m1", error: "the endpoint answered 503" }]);
  expect(told[0]?.delivered).toBeUndefined();
  expect(dispatcher.outcomes("k")[0]?.tries).toHaveLength(3);
});

test.each([
  { type: "job.completed", forMs: 3_600_000 },
  { type: "job.started", forMs: 900_000 },
  { type: "job.progress", forMs: 300_000 },
])(
  "$type to a host that is dead for an hour is given up within $forMs ms, then the next is sent",
  async ({ type, forMs }) => {
    answers = { "a.test": Array.from({ length: 100 }, () => failing) };
    dispatcher.dispatch("k", jobWith({ a: ["m1", "m2"] }, { type }));
    await pass(forMs + 120_000);
    expect(concluded()[0]).toMatchObject({
      id: "m1",
      delivered: false,
      error: expect.stringMatching(`^${type} given up after \\d+ tries: the endpoint answered 503$`),
    });
    expect(sent).toContain("a.test m2");
  },
);

test.each([
  { name: "a refusal", delivery: { outcome: "refused", error: "answered 404" } as const, goneUrl: undefined },
  { name: "410", delivery: { outcome: "gone", error: "answered 410" } as const, goneUrl: "https://a.test/" },
])("$name is not repeated, and the other endpoint does not wait for it", async ({ delivery, goneUrl }) => {
  answers = { "a.test": [delivery] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"], b: ["m1"] }));
  await pass(0);
  expect(sent).toEqual(["a.test m1", "b.test m1"]);
  const refused = concluded().find(({ webhook }) => webhook === "a");
  expect(refused).toMatchObject({ delivered: false });
  expect(refused?.goneUrl).toBe(goneUrl);
});

test("after a 410 nothing more is sent, though the status does not tell of it yet", async () => {
  answers = { "a.test": [{ outcome: "gone", error: "answered 410" }] };
  dispatcher.dispatch("k", jobWith({ a: ["m1", "m2"] }));
  await pass(0);
  dispatcher.dispatch("k", jobWith({ a: ["m1", "m2", "m3"] }));
  await pass(0);
  expect(sent).toEqual(["a.test m1"]);
  expect(told).toMatchObject([{ id: "m1", goneUrl: "https://a.test/" }]);
});

test("nothing is sent to an endpoint that is disabled", async () => {
  const job = jobWith({ a: ["m1"] });
  const [box] = job.status?.webhooks ?? [];
  if (box) box.disabled = { time: "2026-01-01T12:00:00Z", reason: "Gone", urlSha256: "" };
  dispatcher.dispatch("k", job);
  await pass(0);
  expect(sent).toEqual([]);
});

test("a dead host that hangs delays no other: a thousand events wait for it, the healthy one gets its own at once", async () => {
  const never = () => new Promise<Delivery>(() => undefined);
  answers = { "dead.test": Array.from({ length: 2000 }, () => never) };
  for (let index = 0; index < 1000; index++) dispatcher.dispatch(`dead-${index}`, jobWith({ dead: ["m1"] }));
  for (let index = 0; index < 100; index++) dispatcher.dispatch(`live-${index}`, jobWith({ live: ["m1"] }));
  await pass(0);
  expect(sent.filter((line) => line.startsWith("dead"))).toHaveLength(16);
  expect(sent.filter((line) => line.startsWith("live"))).toHaveLength(100);
});

test("a host that fails is left alone, whoever wants to reach it, and probed until it is back", async () => {
  answers = { "a.test": Array.from({ length: 100 }, () => failing) };
  for (let index = 0; index < 50; index++) dispatcher.dispatch(`k${index}`, jobWith({ a: ["m1"] }));
  await pass(0);
  const first = sent.length;
  expect(first).toBeLessThanOrEqual(10 + 16);
  expect(dispatcher.openCircuits).toBe(1);
  await pass(119_000);
  expect(sent).toHaveLength(first);
  answers = {};
  await pass(301_000);
  expect(dispatcher.openCircuits).toBe(0);
  for (let index = 0; index < 50; index++)
    expect(concluded(`k${index}`)).toMatchObject([{ delivered: true }]);
});

test("a Secret that is missing is waited for; that says nothing about the host", async () => {
  let missing = true;
  secret = async () => {
    if (missing) throw new Error("there is no Secret s in the namespace media");
    return "c2VjcmV0";
  };
  for (let index = 0; index < 20; index++) dispatcher.dispatch(`k${index}`, jobWith({ a: ["m1"] }));
  await pass(1500);
  expect(sent).toEqual([]);
  expect(dispatcher.openCircuits).toBe(0);
  expect(told[0]).toMatchObject({ error: "there is no Secret s in the namespace media" });
  missing = false;
  await pass(4000);
  expect(concluded("k7")).toMatchObject([{ delivered: true }]);
});

test("a Secret that is rotated while an event waits signs the next try", async () => {
  answers = { "a.test": [failing] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await pass(0);
  secret = async () => "operators";
  await pass(2000);
  expect(sent).toEqual(["a.test m1", "a.test m1 by the operator's"]);
});

test("a URL that is changed is tried at once", async () => {
  answers = { "a.test": Array.from({ length: 10 }, () => failing) };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await pass(31_000);
  const tries = sent.length;
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }, { urls: { a: "https://new.test/" } }));
  await pass(0);
  expect(sent.slice(tries)).toEqual(["new.test m1"]);
});

test("a URL that is changed while a try is under way is tried as soon as that has failed", async () => {
  const answer = Promise.withResolvers<Delivery>();
  answers = { "a.test": [() => answer.promise] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await pass(0);
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }, { urls: { a: "https://new.test/" } }));
  await pass(0);
  expect(sent).toEqual(["a.test m1"]);
  answer.resolve(failing);
  await pass(0);
  expect(sent).toEqual(["a.test m1", "new.test m1"]);
});

test.each([
  {
    name: "to an endpoint whose URL is changed goes to the new one at once, and never to the old one",
    change: () => dispatcher.dispatch("k", jobWith({ a: ["m1"] }, { urls: { a: "https://new.test/" } })),
    atOnce: ["new.test m1"],
    later: [],
  },
  {
    name: "to an endpoint whose URL is changed and changed back is sent once",
    change: () => {
      dispatcher.dispatch("k", jobWith({ a: ["m1"] }, { urls: { a: "https://new.test/" } }));
      dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
    },
    atOnce: [],
    later: ["a.test m1"],
  },
  {
    name: "to an endpoint that is removed is not sent",
    change: () => dispatcher.dispatch("k", jobWith({})),
    atOnce: [],
    later: [],
  },
  {
    name: "of a MediaJob that is deleted is not sent",
    change: () => dispatcher.forget("k"),
    atOnce: [],
    later: [],
  },
  {
    name: "gives way to the next one when it is dropped",
    change: () => dispatcher.dispatch("k", jobWith({ a: ["m2"] })),
    atOnce: [],
    later: ["a.test m2"],
  },
  {
    name: "is not sent by a replica that leads no more",
    change: () => {
      leads = false;
    },
    atOnce: [],
    later: [],
  },
])("an event that waits for its host's turn $name", async ({ change, atOnce, later }) => {
  const answer = Promise.withResolvers<Delivery>();
  answers = { "a.test": [() => answer.promise] };
  dispatcher = newDispatcher({ concurrency: 1, ratePerSecond: 1000 });
  dispatcher.dispatch("busy", jobWith({ a: ["m0"] }));
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await pass(0);
  change();
  await pass(0);
  expect(sent).toEqual(["a.test m0", ...atOnce]);
  answer.resolve({ outcome: "delivered", status: 200 });
  await pass(1000);
  expect(sent).toEqual(["a.test m0", ...atOnce, ...later]);
});

test("an endpoint of the operator's is signed with the operator's Secret", async () => {
  dispatcher.dispatch("k", jobWith({ "operator/audit": ["m1"] }));
  await pass(0);
  expect(sent).toEqual(["audit.test m1 by the operator's"]);
});

test("a replica that leads no more stops, and sends again what it had begun when it leads anew", async () => {
  answers = { "a.test": [failing] };
  const job = jobWith({ a: ["m1"] });
  dispatcher.dispatch("k", job);
  await pass(0);
  leads = false;
  for (const { wake } of timers) wake(false);
  timers = [];
  dispatcher.dispatch("k", job);
  await pass(10_000);
  expect(sent).toEqual(["a.test m1"]);
  leads = true;
  dispatcher.dispatch("k", job);
  await pass(0);
  expect(sent).toEqual(["a.test m1", "a.test m1"]);
  expect(concluded()).toMatchObject([{ id: "m1", delivered: true }]);
});

test("a MediaJob that is gone is sent nothing more of, and nothing of it is kept", async () => {
  answers = { "a.test": [failing] };
  dispatcher.dispatch("k", jobWith({ a: ["m1"] }));
  await pass(0);
  dispatcher.forget("k");
  await pass(60_000);
  expect(sent).toEqual(["a.test m1"]);
  expect(dispatcher.outcomes("k")).toEqual([]);
});
