import { expect, test } from "vitest";
import type { EventReason } from "../../crds/event-reasons.ts";
import type { Announcement } from "../core/reconcile/decision.ts";
import { Announcer } from "./announcer.ts";
import type { StoredMediaJob } from "./api/resources.ts";
import type { eventOf } from "./event.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const job = (name: string) =>
  ({ metadata: { name, namespace: "default", uid: name, resourceVersion: "1" } }) as StoredMediaJob;
const normal = (reason: EventReason): Announcement => ({ type: "Normal", reason, message: reason });
const warning = (reason: EventReason): Announcement => ({ type: "Warning", reason, message: reason });

function announcer() {
  const clock = new ManualClock();
  const written: string[] = [];
  const errors: string[] = [];
  const create = async (_: unknown, event: ReturnType<typeof eventOf>) => {
    written.push(`${event.involvedObject.name} ${event.reason}${event.count > 1 ? ` × ${event.count}` : ""}`);
    if (event.reason === "UnitCreationRejected") throw new Error("no");
    return event;
  };
  const events = new Announcer({
    client: { create } as never,
    clock,
    instance: "a",
    onError: (_, name, reason) => errors.push(`${name} ${reason}`),
  });
  /** Uses up what may be written at once. */
  const flood = () => {
    for (let n = 0; n < 50; n++) events.tell(job(`flood-${n}`), normal("Running"));
    written.length = 0;
  };
  return { clock, written, errors, events, flood };
}

test("an Event is written at once while there are few", () => {
  const { events, written } = announcer();
  events.tell(job("a"), normal("Running"));
  events.tell(job("a"), normal("Succeeded"));
  expect(written).toEqual(["a Running", "a Succeeded"]);
});

test("of the phases of a MediaJob that wait only the last is told", () => {
  const { clock, events, written, flood } = announcer();
  flood();
  events.tell(job("a"), normal("Running"));
  events.tell(job("b"), normal("Running"));
  events.tell(job("a"), normal("Succeeded"));
  expect(written).toEqual([]);
  clock.advance(1000);
  expect(written).toEqual(["a Succeeded", "b Running"]);
});

test("every Warning is told, those of one reason that wait by one Event", () => {
  const { clock, events, written, flood } = announcer();
  flood();
  events.tell(job("a"), warning("SourceCorrupt"));
  for (let n = 0; n < 3; n++) events.tell(job("a"), warning("SourceNotFound"));
  clock.advance(1000);
  expect(written).toEqual(["a SourceCorrupt", "a SourceNotFound × 3"]);
});

test("what no later phase tells of is told beside it", () => {
  const { clock, events, written, flood } = announcer();
  flood();
  events.tell(job("a"), normal("OutputsReused"));
  events.tell(job("a"), normal("Succeeded"));
  clock.advance(1000);
  expect(written).toEqual(["a OutputsReused", "a Succeeded"]);
});

test("a flood is written at ten a second", () => {
  const { clock, events, written, flood } = announcer();
  flood();
  for (let n = 0; n < 100; n++) events.tell(job(`more-${n}`), normal("Running"));
  clock.advance(5000);
  expect(written).toHaveLength(50);
  clock.advance(5000);
  expect(written).toHaveLength(100);
});

test("what waits at the end of a term is forgotten", () => {
  const { clock, events, written, flood } = announcer();
  flood();
  events.tell(job("a"), normal("Running"));
  events.stop();
  clock.advance(5000);
  expect(written).toEqual([]);
});

test("an Event that is refused is reported, and not tried again", async () => {
  const { clock, events, written, errors } = announcer();
  events.tell(job("a"), warning("UnitCreationRejected"));
  await Promise.resolve();
  clock.advance(5000);
  expect(written).toEqual(["a UnitCreationRejected"]);
  await expect.poll(() => errors).toEqual(["a UnitCreationRejected"]);
});
