import { expect, test } from "vitest";
import type { Event } from "./api/resources.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { Warnings } from "./warnings.ts";

const about = (uid: string, message: string, lastTimestamp: string): Event => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: message, namespace: "team", uid: message, resourceVersion: "1" },
  involvedObject: { uid },
  reason: "FailedCreate",
  message,
  lastTimestamp,
});

const EVENTS = [
  about("job-a", "exceeded quota", "2026-01-01T00:00:02Z"),
  about("job-a", "forbidden", "2026-01-01T00:00:01Z"),
  about("job-b", "no service account", "2026-01-01T00:00:00Z"),
];

/** @param takesMs how long the API server takes to answer */
function setUp({ takesMs = 0, failures = 0 } = {}) {
  const clock = new ManualClock();
  const asked: string[] = [];
  let left = failures;
  const list = async (
    _: unknown,
    { namespace, transform }: { namespace: string; transform(e: Event): Event },
  ) => {
    asked.push(namespace);
    clock.advance(takesMs);
    if (left-- > 0) throw new Error("down");
    return { items: namespace === "team" ? EVENTS.map(transform) : [], resourceVersion: "9" };
  };
  const errors: string[] = [];
  const onError = (error: unknown, namespace: string) => errors.push(`${namespace}: ${error}`);
  return { clock, asked, errors, warnings: new Warnings({ list } as never, clock, { onError }) };
}

test("the latest warning of each object of a namespace is known after one question", async () => {
  const { warnings, asked } = setUp();
  await warnings.ask("team");
  expect(warnings.of("team", "job-a")).toEqual({ reason: "FailedCreate", message: "exceeded quota" });
  expect(warnings.of("team", "job-b")?.message).toBe("no service account");
  expect(warnings.of("team", "job-c")).toBeUndefined();
  expect(warnings.of("other", "job-a")).toBeUndefined();
  expect(asked).toEqual(["team"]);
});

test("a thousand that ask at once are answered by one question", async () => {
  const { warnings, asked } = setUp();
  await Promise.all(Array.from({ length: 1000 }, () => warnings.ask("team")));
  expect(asked).toEqual(["team"]);
});

test.each([
  { what: "5 s", takesMs: 0, freshMs: 5_000 },
  { what: "ten times as long as it took to come by", takesMs: 2_000, freshMs: 20_000 },
])("an answer counts for $what", async ({ takesMs, freshMs }) => {
  const { warnings, asked, clock } = setUp({ takesMs });
  await warnings.ask("team");
  clock.advance(freshMs - 1);
  await warnings.ask("team");
  expect(asked).toHaveLength(1);
  clock.advance(1);
  await warnings.ask("team");
  expect(asked).toHaveLength(2);
});

test("a question that failed stops nobody, and is asked again after a while; what was known stays known", async () => {
  const { warnings, asked, clock, errors } = setUp({ failures: 1 });
  await warnings.ask("team");
  await warnings.ask("team");
  expect([asked, errors]).toEqual([["team"], ["team: Error: down"]]);
  clock.advance(5_000);
  await warnings.ask("team");
  expect(asked).toHaveLength(2);
  expect(warnings.of("team", "job-b")).toBeDefined();
});

test("what nobody asks for any more is forgotten", async () => {
  const { warnings, clock } = setUp();
  await warnings.ask("team");
  clock.advance(70_000);
  await warnings.ask("other");
  expect(warnings.of("team", "job-a")).toBeUndefined();
});
