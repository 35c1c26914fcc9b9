import { beforeEach, expect, test } from "vitest";
import { HostGate, HostGates } from "./host-gate.ts";

let nowMs: number;
let timers: { atMs: number; wake: (alive: boolean) => void }[];

const timing = {
  nowMs: () => nowMs,
  sleep: (ms: number) =>
    new Promise<boolean>((resolve) => void timers.push({ atMs: nowMs + ms, wake: resolve })),
};
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  nowMs += ms;
  const due = timers.filter(({ atMs }) => atMs <= nowMs);
  timers = timers.filter(({ atMs }) => atMs > nowMs);
  for (const { wake } of due) wake(true);
  await settled();
}

/** A gate, and how many it has let through. */
function gateOf(limits = { concurrency: 2, ratePerSecond: 100 }) {
  const gate = new HostGate(() => limits, timing);
  const seen = { through: 0, refused: 0 };
  const knock = (times = 1) => {
    for (let count = 0; count < times; count++)
      void gate.turn().then((through) => (through ? seen.through++ : seen.refused++));
    return settled();
  };
  return { gate, seen, knock };
}

beforeEach(() => {
  [nowMs, timers] = [0, []];
});

test("so many are in flight at once, and each answer lets the next one through", async () => {
  const { gate, seen, knock } = gateOf();
  await knock(5);
  expect(seen.through).toBe(2);
  gate.answered({ alive: true });
  await settled();
  expect(seen.through).toBe(3);
});

test("so many begin in a second", async () => {
  const { seen, knock } = gateOf({ concurrency: 1000, ratePerSecond: 10 });
  await knock(100);
  expect(seen.through).toBe(11);
  for (let step = 0; step < 20; step++) await pass(100);
  expect(seen.through).toBeGreaterThanOrEqual(29);
  expect(seen.through).toBeLessThanOrEqual(32);
});

test("a host that asks for patience is left alone for so long, by all", async () => {
  const { gate, seen, knock } = gateOf();
  await knock();
  gate.answered({ alive: true, pauseMs: 7000 });
  await knock();
  await pass(6999);
  expect(seen.through).toBe(1);
  await pass(1);
  expect(seen.through).toBe(2);
});

test("a host that fails ten times is probed by one request after 120 s, then each 30 s", async () => {
  const { gate, seen, knock } = gateOf({ concurrency: 10, ratePerSecond: 100 });
  await knock(30);
  for (let count = 0; count < 19; count++) gate.answered({ alive: false });
  await settled();
  expect([gate.isOpen, seen.through]).toEqual([true, 19]);
  await pass(119_999);
  expect(seen.through).toBe(19);
  await pass(1);
  expect(seen.through).toBe(20);
  gate.answered({ alive: false });
  await pass(29_999);
  expect(seen.through).toBe(20);
  await pass(1);
  expect(seen.through).toBe(21);
  gate.answered({ alive: true });
  await settled();
  expect([gate.isOpen, seen.through]).toEqual([false, 30]);
});

test("when nothing more is to be sent, those that wait are turned away", async () => {
  const { gate, seen, knock } = gateOf();
  await knock();
  gate.answered({ alive: true, pauseMs: 1000 });
  await knock(3);
  for (const { wake } of timers) wake(false);
  await settled();
  expect(seen).toEqual({ through: 1, refused: 3 });
});

test("one that leaves before its turn is let through no more, and holds up nobody", async () => {
  const { gate, seen, knock } = gateOf({ concurrency: 1, ratePerSecond: 100 });
  await knock();
  const left = Promise.withResolvers<void>();
  const leaving = gate.turn(left.promise);
  await knock();
  left.resolve();
  expect(await leaving).toBe(false);
  gate.answered({ alive: true });
  await settled();
  expect(seen.through).toBe(2);
});

test("hosts that are well are forgotten, so that their number is bounded by those that are not", async () => {
  const gates = new HostGates(() => ({ concurrency: 2, ratePerSecond: 100 }), timing);
  const send = (alive: boolean) => async () => ({ answer: "ok", host: { alive } });
  for (let index = 0; index < 100; index++) await gates.through(`https://h${index}.test/`, send(true));
  expect(gates.size).toBe(0);
  await gates.through("https://ill.test/", send(false));
  expect(gates.size).toBe(1);
});

test("a host that failed and that nobody sends to any more is forgotten, and its circuit with it", async () => {
  const gates = new HostGates(() => ({ concurrency: 20, ratePerSecond: 100 }), timing);
  const fail = async () => ({ answer: "no", host: { alive: false } });
  for (let count = 0; count < 10; count++) await gates.through("https://gone.test/", fail);
  expect(gates.open).toBe(1);
  await pass(120_000 + 1_800_000 - 1);
  expect(gates.open).toBe(1);
  await pass(1);
  expect([gates.open, gates.size]).toEqual([0, 0]);
});

test("a host whose last failures are old is forgotten when another one fails", async () => {
  const gates = new HostGates(() => ({ concurrency: 20, ratePerSecond: 100 }), timing);
  const fail = async () => ({ answer: "no", host: { alive: false } });
  await gates.through("https://gone.test/", fail);
  await pass(300_000);
  await gates.through("https://ill.test/", fail);
  expect(gates.size).toBe(1);
});
