import { expect, test } from "vitest";
import { Tracker } from "./tracker.ts";

test("outputs count when they end, and a little before", () => {
  const told: [string, number, number | undefined][] = [];
  const tracker = new Tracker(
    (stage, fraction, extra) => told.push([stage, Math.round(fraction * 1000) / 1000, extra?.outputsDone]),
    4,
  );
  tracker.enter("a", "PREPROCESSING", 2);
  tracker.enter("a", "RESIZE_OPERATIONS", 2);
  tracker.ended("a", 1);
  tracker.ended("a", 1);
  tracker.ended("b", 2);
  expect(told).toEqual([
    ["PREPROCESSING", 0.025, 0],
    ["RESIZE_OPERATIONS", 0.075, 0],
    ["RESIZE_OPERATIONS", 0.288, 1],
    ["RESIZE_OPERATIONS", 0.5, 2],
    ["RESIZE_OPERATIONS", 1, 4],
  ]);
});
