import { expect, test } from "vitest";
import { imageOutput } from "../../../crds/outputs/image.ts";
import { drawnScale } from "./decode-settings.ts";

test.each([
  { image: {}, expected: 1 },
  { image: { width: 200 }, expected: 2 },
  { image: { width: 200, height: 200 }, expected: 4 },
  { image: { width: 200, height: 200, fit: "contain" }, expected: 2 },
  { image: { width: 200, height: 200, fit: "inside" }, expected: 2 },
  { image: { width: 200, withoutEnlargement: true }, expected: 1 },
  { image: { width: 50, withoutEnlargement: true }, expected: 0.5 },
  { image: { width: 200, trim: {} }, expected: 1 },
  { image: { width: 200, extract: { left: 0, top: 0, width: 10, height: 10 } }, expected: 1 },
])("a drawing of 100 × 50 is drawn for $image at $expected times its size", ({ image, expected }) => {
  const settings = imageOutput.parse({ format: "png", ...image });
  const { width, height } = settings;
  const rendering = { output: "o", format: "png", width, height, settings } as const;
  expect(drawnScale({ width: 100, height: 50 }, rendering)).toBe(expected);
});
