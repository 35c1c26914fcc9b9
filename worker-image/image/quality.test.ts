import { expect, test } from "vitest";
import { paletteQuality, qualityNumber } from "./quality.ts";

test.each(["jpeg", "webp", "avif"] as const)("the words of %s rise, and a number is a number", (format) => {
  const numbers = (["Low", "Medium", "High", "Maximum"] as const).map((word) => qualityNumber(format, word));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(qualityNumber(format, 42)).toBe(42);
  expect(qualityNumber(format)).toBe(qualityNumber(format, "High"));
});

test("a PNG loses colours only where less than High is asked", () => {
  expect([paletteQuality(), paletteQuality("Maximum"), paletteQuality(100)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(paletteQuality("Low")).toBeLessThan(paletteQuality("Medium") ?? 0);
});
