import { expect, test } from "vitest";
import { imageOutput } from "../../../crds/outputs/image.ts";
import type { ImageSource } from "../read/image-source.ts";
import { losesUnasked, staysUntouched } from "./untouched.ts";

const photo = { kind: "jpeg", frames: 1, header: { depth: "uchar", space: "srgb" } } as ImageSource;

test.each([
  { image: {}, stays: true },
  { image: { metadata: "Strip" }, stays: true },
  {
    image: { flip: false, flop: false, rotate: 0, grayscale: false, negate: false, flatten: false },
    stays: true,
  },
  { image: { density: 300 }, stays: true },
  { image: { flip: true }, stays: false },
  { image: { rotate: 90 }, stays: false },
  { image: { progressive: false }, stays: false },
  { image: { quality: 80 }, stays: false },
])("a JPEG stays as it is coded under $image: $stays", async ({ image, stays }) => {
  const settings = imageOutput.parse({ format: "jpeg", ...image });
  const rendering = { output: "o", format: "jpeg", width: undefined, height: undefined, settings } as const;
  expect(await staysUntouched(photo, rendering)).toBe(stays);
});

test.each([
  { source: { kind: "avif", header: { depth: "ushort", space: "rgb16" } }, stays: true },
  { source: { kind: "avif", frames: 2 }, stays: true },
  { source: { kind: "webp", frames: 2 }, stays: false },
  { source: { kind: "png", header: { depth: "ushort", space: "rgb16" } }, stays: false },
  { source: { kind: "avif", header: { depth: "uchar", space: "cmyk" } }, stays: false },
  { source: { kind: "tiff", header: { depth: "uchar", space: "srgb" } }, stays: false },
])("a source of $source stays as it is coded: $stays", async ({ source, stays }) => {
  const { kind: format } = source as { kind: "avif" };
  const rendering = { output: "o", format, width: undefined, height: undefined };
  const settings = imageOutput.parse({ format });
  expect(await staysUntouched({ ...photo, ...source } as ImageSource, { ...rendering, settings })).toBe(
    stays,
  );
});

test.each([
  { image: { metadata: "Strip" }, format: "avif", loses: true },
  { image: { quality: 80 }, format: "avif", loses: false },
  { image: { lossless: true }, format: "avif", loses: false },
  { image: { width: 200 }, format: "avif", loses: false },
  { image: {}, format: "webp", loses: false },
] as const)("an AVIF loses unasked as $format under $image: $loses", ({ image, format, loses }) => {
  const settings = imageOutput.parse({ format, ...image });
  const rendering = { output: "o", format, width: undefined, height: undefined, settings };
  expect(losesUnasked({ kind: "avif" }, rendering)).toBe(loses);
});
