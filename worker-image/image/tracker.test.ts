import { expect, test } from "vitest";
import { Tracker } from "./tracker.ts";

test("outputs count when they end, and a little before", () => {
  const told: [string, number, number | undefined][] = [];
  const tracker = new Tracker(
    (stage, fraction, extra) => told.push([stage, Math.round(fraction * 1000) / 1000, extra?.outputsDone]),
    4,
  );
  tracker.enter("a", "preparing", 2);
  tracker.enter("a", "resizing", 2);
  tracker.ended("a", 1);
  tracker.ended("a", 1);
  tracker.ended("b", 2);
  expect(told).toEqual([
    ["preparing", 0.025, 0],
    ["resizing", 0.075, 0],
    ["resizing", 0.288, 1],
    ["resizing", 0.5, 2],
    ["resizing", 1, 4],
  ]);
});
