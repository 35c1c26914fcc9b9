import { expect, test } from "vitest";
import { KeptRoom } from "./kept-room.ts";

const MINUTE_MS = 60_000;
const big = { key: "media/big", standing: 10 };
const later = { key: "media/later", standing: 11 };

function kept(): KeptRoom {
  const room = new KeptRoom();
  room.set(big, new Set(["cpu"]), 0);
  return room;
}

test.each([
  { who: "who stands behind it", from: later, pool: "cpu", atMs: 0, keptFor: "media/big" },
  { who: "other units of its own", from: big, pool: "cpu", atMs: 0, keptFor: "media/big" },
  {
    who: "who came with it, and is behind it by name",
    from: { ...big, key: "media/bird" },
    pool: "cpu",
    atMs: 0,
    keptFor: "media/big",
  },
  { who: "nobody who stands before it", from: { ...later, standing: 9 }, pool: "cpu", atMs: 0 },
  { who: "nobody in another pool", from: later, pool: "gpu", atMs: 0 },
  { who: "nobody after ten minutes", from: later, pool: "cpu", atMs: 10 * MINUTE_MS },
])("a pool keeps its room for a unit that found none, from $who", ({ from, pool, atMs, keptFor }) => {
  expect(kept().from(from, atMs).get(pool)).toBe(keptFor);
});

test.each([
  { when: "it has its place", end: (room: KeptRoom) => room.set(big, new Set(), MINUTE_MS) },
  { when: "its MediaJob is gone", end: (room: KeptRoom) => room.leave(big.key, MINUTE_MS) },
])("once $when nothing is kept", ({ end }) => {
  const room = kept();
  end(room);
  expect(room.from(later, MINUTE_MS).get("cpu")).toBeUndefined();
});

test("what others find out about themselves ends nothing", () => {
  const room = kept();
  room.set(later, new Set(), MINUTE_MS);
  room.set(later, new Set(["cpu"]), MINUTE_MS);
  expect(room.from(later, MINUTE_MS).get("cpu")).toBe("media/big");
});

test("after it was kept it is anybody's for ten minutes, whoever else finds none", () => {
  const room = kept();
  const wants = (minute: number) => {
    room.set(big, new Set(["cpu"]), minute * MINUTE_MS);
    return room.from(later, minute * MINUTE_MS).get("cpu");
  };
  expect([5, 10, 15, 19, 20, 25, 30].map(wants)).toEqual([
    ...["media/big", undefined, undefined, undefined],
    ...["media/big", "media/big", undefined],
  ]);
});
