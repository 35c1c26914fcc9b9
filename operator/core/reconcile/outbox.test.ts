import { expect, test } from "vitest";
import type { PendingDelivery, WebhookStatus } from "../../../crds/media-job-status.ts";
import { NOW_MS } from "../../../test/builders/core.ts";
import type { DeliveryOutcome } from "./decision.ts";
import { outboxOf } from "./outbox.ts";

const endpoint = {
  name: "a",
  url: "https://a.test/hook",
  secretRef: { name: "s", key: "secret" },
  shared: false,
};

const event = (sequence: number, type = "job.started"): PendingDelivery => ({
  id: `m${sequence}`,
  type,
  sequence,
  time: "2026-01-01T12:00:00Z",
  phase: "Running",
});

const box = (pending: PendingDelivery[], fields: Partial<WebhookStatus> = {}): WebhookStatus => ({
  name: "a",
  pending,
  delivered: 0,
  deadLetters: 0,
  ...fields,
});

const pass = (
  before: WebhookStatus | undefined,
  fields: { outcomes?: DeliveryOutcome[]; added?: PendingDelivery[]; replay?: boolean; url?: string } = {},
) =>
  outboxOf({
    endpoint: { ...endpoint, url: fields.url ?? endpoint.url },
    before,
    outcomes: fields.outcomes ?? [],
    added: fields.added ?? [],
    replay: fields.replay ?? false,
    nowMs: NOW_MS,
  });

const told = (id: string, delivered: boolean, error = "answered 404"): DeliveryOutcome => ({
  webhook: "a",
  id,
  delivered,
  ...(!delivered && { error }),
});

const sequences = ({ pending }: WebhookStatus) => pending.map(({ sequence }) => sequence);
const many = (count: number, type?: string) =>
  Array.from({ length: count }, (_, index) => event(index + 1, type));

test("several deliveries that ended are taken out in one pass", () => {
  const after = pass(box(many(3)), { outcomes: [told("m1", true), told("m2", false)] });
  expect(after).toMatchObject({ delivered: 1, deadLetters: 1, lastError: "answered 404" });
  expect(sequences(after)).toEqual([3]);
  expect(after.undelivered).toEqual([{ ...event(2), error: "answered 404" }]);
});

test("an outcome that is told twice counts once", () => {
  const once = pass(box(many(2)), { outcomes: [told("m1", true)] });
  expect(pass(once, { outcomes: [told("m1", true)] })).toEqual(once);
});

test("a raised webhookReplayGeneration puts dead letters back in the order of their numbers", () => {
  const dead = { ...event(1), error: "answered 500" };
  const after = pass(box([event(2)], { deadLetters: 1, undelivered: [dead] }), { replay: true });
  expect(sequences(after)).toEqual([1, 2]);
  expect(after.pending[0]).toEqual(event(1));
  expect(after).toMatchObject({ deadLetters: 0 });
  expect(after.undelivered).toBeUndefined();
});

test("transitions fill the outbox to its bound; beyond it the oldest are dead letters, the last ten listed", () => {
  const after = pass(box(many(50)), { added: [event(51), event(52)] });
  expect(after.pending).toHaveLength(50);
  expect(sequences(after)[0]).toBe(3);
  expect(after).toMatchObject({ deadLetters: 2, undelivered: [{ sequence: 1 }, { sequence: 2 }] });
  const fuller = pass(box(many(50)), { added: Array.from({ length: 30 }, (_, index) => event(51 + index)) });
  expect(fuller.deadLetters).toBe(30);
  expect(fuller.undelivered?.map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 10 }, (_, index) => 21 + index),
  );
});

test("details give way before any transition does", () => {
  const pending = [
    ...many(31),
    ...Array.from({ length: 19 }, (_, index) => event(32 + index, "output.ready")),
  ];
  const after = pass(box(pending), { added: [event(51), event(52)] });
  expect(after).toMatchObject({ deadLetters: 0, dropped: 2 });
  expect(sequences(after).slice(0, 32)).toEqual([...many(31).map(({ sequence }) => sequence), 34]);
});

test("at most 20 details wait", () => {
  const after = pass(undefined, { added: many(1000, "unit.failed") });
  expect(after).toMatchObject({ deadLetters: 0, dropped: 980 });
  expect(sequences(after)).toEqual(Array.from({ length: 20 }, (_, index) => 981 + index));
});

test("new progress takes the place of progress that waits, not of what is being sent", () => {
  const progress = [1, 2, 3].map((sequence) => event(sequence, "job.progress"));
  const [first, second, third] = progress as [PendingDelivery, PendingDelivery, PendingDelivery];
  expect(sequences(pass(box([first]), { added: [second] }))).toEqual([1, 2]);
  const after = pass(box([first, second]), { added: [third] });
  expect(sequences(after)).toEqual([1, 3]);
  expect(after.dropped).toBe(1);
});

test("progress that cannot be delivered is no dead letter", () => {
  const after = pass(box([event(1, "job.progress")]), { outcomes: [told("m1", false)] });
  expect(after).toMatchObject({ pending: [], deadLetters: 0, dropped: 1, lastError: "answered 404" });
});

test("a 410 disables the endpoint, and what comes waits until the URL changes or events are replayed", () => {
  const gone = { ...told("m1", false, "answered 410"), goneUrl: endpoint.url };
  const disabled = pass(box([event(1)]), { outcomes: [gone] });
  expect(disabled).toMatchObject({ pending: [], deadLetters: 1, disabled: { reason: "Gone" } });
  const waiting = pass(disabled, { added: [event(2)] });
  expect(waiting.disabled).toEqual(disabled.disabled);
  expect(sequences(waiting)).toEqual([2]);
  expect(pass(waiting, { url: "https://b.test/" }).disabled).toBeUndefined();
  const replayed = pass(waiting, { replay: true });
  expect(replayed.disabled).toBeUndefined();
  expect(sequences(replayed)).toEqual([1, 2]);
});

test("a 410 of a URL that has been changed meanwhile disables nothing", () => {
  const gone = { ...told("m1", false, "answered 410"), goneUrl: "https://old.test/" };
  expect(pass(box([event(1)]), { outcomes: [gone] }).disabled).toBeUndefined();
});

test("no URL and no secret stand in the status", () => {
  const url = "https://a.test/hook?token=s3cret";
  const after = pass(box([event(1)]), { url, outcomes: [{ ...told("m1", false), goneUrl: url }] });
  expect(JSON.stringify(after)).not.toContain("s3cret");
});

test("the last five tries are kept, each once however often it is told", () => {
  const entry = (second: number, id = "m1") => ({
    id,
    type: "job.started",
    time: `2026-01-01T12:00:0${second}.000Z`,
    code: 500,
    latencyMs: 3,
    error: "answered 500",
  });
  const going: DeliveryOutcome = {
    webhook: "a",
    id: "m1",
    tries: [1, 2, 3, 4].map((second) => entry(second)),
  };
  const once = pass(box([event(1)]), { outcomes: [going] });
  expect(once).toMatchObject({ pending: [{ id: "m1" }], lastError: "answered 500", deadLetters: 0 });
  expect(once.tries).toHaveLength(4);
  expect(pass(once, { outcomes: [going] })).toEqual(once);
  const after = pass(once, {
    outcomes: [{ ...going, delivered: true, tries: [...(going.tries ?? []), entry(5), entry(6)] }],
  });
  expect(after.tries?.map(({ time }) => time.at(18))).toEqual(["2", "3", "4", "5", "6"]);
  expect(after.lastError).toBeUndefined();
});
