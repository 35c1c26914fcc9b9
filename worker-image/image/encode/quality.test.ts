import { expect, test } from "vitest";
import { paletteOf, qualityNumber } from "./quality.ts";

test.each(["jpeg", "webp", "avif"] as const)("the words of %s rise, and a number is a number", (format) => {
  const numbers = (["Low", "Medium", "High", "Maximum"] as const).map((word) => qualityNumber(format, word));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(qualityNumber(format, 42)).toBe(42);
  expect(qualityNumber(format)).toBe(qualityNumber(format, "High"));
});

test.each([
  { quality: undefined, expected: undefined },
  { quality: "Maximum", expected: undefined },
  { quality: 80, expected: undefined },
  { quality: 100, expected: undefined },
  { quality: "Low", expected: { quality: 60 } },
  { quality: "Medium", expected: { quality: 80 } },
] as const)("a PNG of quality $quality has the palette $expected", ({ quality, expected }) =>
  expect(paletteOf({}, quality)).toEqual(expected),
);

test("a palette that is asked for is as good as the quality", () => {
  const palette = { colours: 16, dither: 0 };
  expect(paletteOf({ palette })).toEqual(palette);
  expect(paletteOf({ palette }, 42)).toEqual({ ...palette, quality: 42 });
  expect(paletteOf({ palette }, "Low")).toEqual({ ...palette, quality: 60 });
});
