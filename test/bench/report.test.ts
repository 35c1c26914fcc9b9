import { expect, test } from "vitest";
import { median, percentile } from "./report.ts";

test("the median of an even number of runs lies between the two in the middle", () => {
  expect(median([40, 10, 30, 20])).toBe(25);
  expect(median([3, 1, 2])).toBe(2);
});

test("the 99th percentile of a hundred is the largest, of a thousand the tenth largest", () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  expect(percentile(upTo(100), 0.99)).toBe(100);
  expect(percentile(upTo(1000), 0.99)).toBe(991);
  expect(percentile([5], 0.5)).toBe(5);
});
