import { expect, test } from "vitest";
import { stageProgress } from "./stages.ts";

const stages = [
  { name: "analysis", seconds: 1 },
  { name: "video", seconds: 8 },
  { name: "verify", seconds: 1 },
];

test("a stage counts by its time, with all before it", () => {
  const progress = stageProgress(stages);
  expect(progress.at("analysis", 0.5)).toEqual({ stage: "analysis", fraction: 0.05 });
  expect(progress.at("video", 0.5)).toEqual({ stage: "video", fraction: 0.5 });
  expect(progress.at("verify", 1)).toEqual({ stage: "verify", fraction: 1 });
});

test("it never falls and never passes 1", () => {
  const progress = stageProgress(stages);
  expect(progress.at("video", 7).fraction).toBeCloseTo(0.9);
  expect(progress.at("video", 0.1).fraction).toBeCloseTo(0.9);
  expect(progress.at("verify", 2).fraction).toBe(1);
});
