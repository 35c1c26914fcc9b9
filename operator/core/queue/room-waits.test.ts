import { expect, test } from "vitest";
import { RoomWaits } from "./room-waits.ts";

test("a wait lasts as long as the pool is wanted in every pass", () => {
  const waits = new RoomWaits();
  waits.set("a", ["gpu"], 1);
  waits.set("a", ["gpu", "cpu"], 5);
  expect([...(waits.of("a") ?? [])]).toEqual([
    ["gpu", 1],
    ["cpu", 5],
  ]);
  waits.set("a", ["cpu"], 7);
  waits.set("a", ["gpu"], 9);
  expect([...(waits.of("a") ?? [])]).toEqual([["gpu", 9]]);
});

test("who waits for nothing is forgotten", () => {
  const waits = new RoomWaits();
  waits.set("a", ["gpu"], 1);
  waits.set("a", [], 2);
  expect(waits.of("a")).toBeUndefined();
});
