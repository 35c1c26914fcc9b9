import { expect, test } from "vitest";
import { etaOf } from "./eta.ts";

test.each([
  { name: "before the start", percent: 0, elapsed: null, planned: 60, expected: {} },
  { name: "at 0 %", percent: 0, elapsed: 30, planned: 60, expected: {} },
  {
    name: "early, the plan counts more than a slow beginning, and the range holds both",
    percent: 5,
    elapsed: 20,
    planned: 60,
    expected: { etaSeconds: 92, etaMaxSeconds: 475 },
  },
  {
    name: "early, a plan that is far too long is doubted less than it should be, and the range says so",
    percent: 10,
    elapsed: 10,
    planned: 600,
    expected: { etaSeconds: 498, etaMaxSeconds: 750 },
  },
  {
    name: "where pace and plan agree, the margin alone is no range",
    percent: 20,
    elapsed: 20,
    planned: 80,
    expected: { etaSeconds: 80 },
  },
  {
    name: "from half on the pace counts",
    percent: 50,
    elapsed: 40,
    planned: 9,
    expected: { etaSeconds: 40 },
  },
  { name: "at 99.9 %", percent: 99.9, elapsed: 999, planned: 0, expected: { etaSeconds: 1 } },
  { name: "beyond a day", percent: 1, elapsed: 3600, planned: 200_000, expected: {} },
])("$name", ({ percent, elapsed, planned, expected }) => {
  expect(etaOf({ percent, elapsedSeconds: elapsed, plannedSeconds: planned })).toEqual(expected);
});
