import { expect, test } from "vitest";
import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { standingMs } from "./standing.ts";
import { type Waiting, WaitingLine } from "./waiting-line.ts";

const NOW_MS = Date.parse("2026-01-01T12:00:00Z");

/** A MediaJob that was created so many minutes ago and wants one place in the pool `cpu`. */
const job = (
  key: string,
  {
    minutes = 0,
    priority = "Normal",
    wants = { cpu: 1 },
  }: { minutes?: number; priority?: MediaJobSpec["priority"]; wants?: Record<string, number> } = {},
): Waiting => ({
  key,
  namespace: key.split("/")[0] ?? "",
  standing: standingMs(NOW_MS - minutes * 60_000, priority),
  wants: new Map(Object.entries(wants)),
});

/** The keys in the order of their turn. */
function turns(jobs: Waiting[], running: Record<string, number> = {}): string[] {
  const line = new WaitingLine();
  for (const waiting of jobs) line.set(waiting);
  const order: string[] = [];
  for (;;) {
    const next = line.first("cpu", (namespace) => running[namespace] ?? 0);
    if (next === undefined) return order;
    order.push(next.key);
    line.remove(next.key);
  }
}

test.each([
  {
    name: "who came first goes first",
    jobs: [job("a/new"), job("a/old", { minutes: 1 })],
    expected: ["a/old", "a/new"],
  },
  {
    name: "priority goes before age",
    jobs: [
      job("a/normal", { minutes: 5 }),
      job("a/urgent", { priority: "Urgent" }),
      job("a/low", { minutes: 9, priority: "Low" }),
      job("a/high", { priority: "High" }),
    ],
    expected: ["a/urgent", "a/high", "a/normal", "a/low"],
  },
  {
    name: "an hour makes a low job the equal of a normal one",
    jobs: [job("a/normal"), job("a/low", { minutes: 61, priority: "Low" })],
    expected: ["a/low", "a/normal"],
  },
  {
    name: "a namespace that runs much waits for one that runs little",
    jobs: [job("busy/1", { minutes: 5 }), job("calm/1")],
    running: { busy: 10 },
    expected: ["calm/1", "busy/1"],
  },
  {
    name: "yet an urgent job goes before its neighbours' normal ones",
    jobs: [job("busy/1", { priority: "Urgent" }), job("calm/1")],
    running: { busy: 10 },
    expected: ["busy/1", "calm/1"],
  },
  { name: "equals go by name", jobs: [job("b/x"), job("a/x")], expected: ["a/x", "b/x"] },
])("$name", ({ jobs, running, expected }) => expect(turns(jobs, running)).toEqual(expected));

test("who waits for a full pool holds nobody up in another", () => {
  const line = new WaitingLine();
  line.set(job("a/gpu", { minutes: 60, wants: { gpu: 5 } }));
  line.set(job("a/cpu"));
  const idle = () => 0;
  expect(line.first("cpu", idle)?.key).toBe("a/cpu");
  expect(line.leftFor(job("a/cpu"), "cpu", 1, idle)).toBe(1);
});

test.each([
  { free: 5, expected: 2 },
  { free: 3, expected: 0 },
  { free: 0, expected: 0 },
])("of $free places, $expected are left after those whose turn comes before", ({ free, expected }) => {
  const line = new WaitingLine();
  line.set(job("a/first", { minutes: 2, wants: { cpu: 2 } }));
  line.set(job("b/second", { minutes: 1 }));
  line.set(job("a/me"));
  line.set(job("a/later", { priority: "Low", wants: { cpu: 9 } }));
  expect(line.leftFor(job("a/me"), "cpu", free, () => 0)).toBe(expected);
});

const urgent = (key: string, wants: Record<string, number>) => job(key, { priority: "Urgent", wants });

test.each([
  {
    name: "the last one is left to whose turn comes before, though it waits for another pool",
    before: [urgent("b/urgent", { gpu: 1 })],
    expected: 0,
  },
  {
    name: "who waits for a full pool takes none",
    before: [urgent("b/urgent", { full: 9 })],
    expected: 1,
  },
  {
    name: "nobody takes more than its pool has",
    before: [urgent("b/urgent", { gpu: 9, full: 9 }), urgent("b/next", { gpu: 9 })],
    ofOperator: 3,
    expected: 1,
  },
  {
    name: "who comes later takes none",
    before: [job("b/later", { priority: "Low", wants: { gpu: 1 } })],
    expected: 1,
  },
  {
    name: "another namespace takes none of this one's",
    before: [urgent("b/urgent", { gpu: 1 })],
    ofOperator: 3,
    ofNamespace: 1,
    expected: 1,
  },
  {
    name: "a neighbour does",
    before: [urgent("a/urgent", { gpu: 1 })],
    ofOperator: 3,
    ofNamespace: 1,
    expected: 0,
  },
])("of places that pools share: $name", ({ before, ofOperator = 1, ofNamespace = 9, expected }) => {
  const line = new WaitingLine();
  for (const waiting of before) line.set(waiting);
  const room = new Map(Object.entries({ cpu: 5, gpu: 2, full: 0 }));
  expect(line.leftInAll(job("a/me"), { ofOperator, ofNamespace }, room, () => 0)).toBe(expected);
});

test("a position counts everybody before", () => {
  const line = new WaitingLine();
  for (const waiting of [job("a/1", { minutes: 3 }), job("b/1", { minutes: 2 }), job("a/2", { minutes: 1 })])
    line.set(waiting);
  const positions = () => [3, 2, 1, 0].map((minutes) => line.position(job("c/me", { minutes }), () => 0));
  expect(positions()).toEqual([2, 3, 4, 4]);
  line.remove("a/1");
  expect(positions()).toEqual([1, 2, 3, 3]);
});

test("a namespace that may start no more has no turn, and nobody waits for it", () => {
  const line = new WaitingLine();
  line.set(job("full/1", { minutes: 9 }));
  line.set(job("open/1"));
  const running = (namespace: string) => (namespace === "full" ? Number.POSITIVE_INFINITY : 0);
  expect(line.first("cpu", running)?.key).toBe("open/1");
  expect(line.leftFor(job("open/1"), "cpu", 1, running)).toBe(1);
});

test("changing a place leaves no second one behind", () => {
  const line = new WaitingLine();
  line.set(job("a/1"));
  line.set(job("a/1", { minutes: 5 }));
  line.set({ ...job("a/1"), wants: new Map() });
  expect([line.size, line.first("cpu", () => 0)]).toEqual([0, undefined]);
});

test("many entries keep their order whatever the order they came in", () => {
  const jobs = Array.from({ length: 300 }, (_, index) =>
    job(`n${index % 7}/${index}`, { minutes: (index * 37) % 300 }),
  );
  const order = turns(jobs).map((key) => jobs.find((one) => one.key === key)?.standing ?? Number.NaN);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});
