import { expect, test } from "vitest";
import { imageOutput } from "../../crds/outputs/image.ts";
import { finishedSize, leastEdge } from "./memory/finished-size.ts";
import type { ImageSource } from "./read/image-source.ts";
import { renderingsOf } from "./rendering.ts";

const source = { kind: "jpeg", width: 1200, height: 800, frames: 1 } as ImageSource;
const of = (fields: object, from: Partial<ImageSource> = {}, template = "{source}/{output}.{ext}") =>
  renderingsOf(
    { name: "o", image: imageOutput.parse({ format: "webp", ...fields }) },
    { ...source, ...from },
    template,
  );
const brief = (renderings: ReturnType<typeof of>) =>
  renderings.map(({ format, width, suffix = "" }) => `${format} ${width}${suffix}`);

test.each([
  { name: "one file needs nothing to tell it apart", fields: { width: 320 }, expected: ["webp 320"] },
  {
    name: "a set is widths times formats, widest first, each once",
    fields: { widths: [320, 640, 320], formats: ["avif", "webp"] },
    expected: ["webp 640-640w", "avif 640-640w", "webp 320-320w", "avif 320-320w"],
  },
  { name: "Auto is the source's own format", fields: { format: "Auto" }, expected: ["jpeg undefined"] },
  {
    name: "widths above the source become one where enlarging is not allowed",
    fields: { widths: [800, 1600, 3200], withoutEnlargement: true },
    expected: ["webp 1200-1200w", "webp 800-800w"],
  },
  {
    name: "a set keeps a source that is narrower than its box, and as high as the source is",
    fields: { widths: [400, 1600, 2400], height: 2400, fit: "inside", withoutEnlargement: true },
    from: { width: 800, height: 1200 },
    expected: ["webp 1600-1600w", "webp 400-400w"],
  },
  {
    name: "so does one that fills its box",
    fields: { widths: [400, 1600, 2400], height: 2400, fit: "contain", withoutEnlargement: true },
    from: { width: 800, height: 1200 },
    expected: ["webp 2400-2400w", "webp 1600-1600w", "webp 400-400w"],
  },
  {
    name: "one that may go beyond its box is made once where nothing is left to shrink",
    fields: { widths: [400, 800, 1600], height: 1600, fit: "outside", withoutEnlargement: true },
    from: { width: 1000, height: 200 },
    expected: ["webp 400"],
  },
  {
    name: "upscale multiplies the source, or the region taken of it",
    fields: { upscale: 2, extract: { left: 0, top: 0, width: 10, height: 5 } },
    expected: ["webp 20"],
  },
])("$name", ({ fields, from, expected }) => expect(brief(of(fields, from))).toEqual(expected));

test.each([
  { fields: { width: 300 }, least: 199 },
  { fields: { width: 300, height: 20 }, least: 19 },
  { fields: { width: 2000, height: 2000, withoutEnlargement: true }, least: 799 },
  { fields: { trim: {} }, least: 0 },
])("the shorter edge of $fields is at least $least", ({ fields, least }) => {
  const [rendering] = of(fields);
  expect(rendering && leastEdge(source, rendering)).toBe(least);
});

test("a template that has the width needs no suffix", () => {
  expect(brief(of({ widths: [320, 640] }, {}, "{output}/{width}.{ext}"))).toEqual(["webp 640", "webp 320"]);
});

test("the height of a set goes with its widths", () => {
  expect(of({ widths: [400, 800], height: 600 }).map(({ height }) => height)).toEqual([600, 300]);
});

test.each([
  { name: "an SVG under Auto becomes PNG", kind: "svg", expected: "png" },
  { name: "a HEIC under Auto becomes JPEG", kind: "heic", expected: "jpeg" },
] as const)("$name", ({ kind, expected }) =>
  expect(of({ format: "Auto" }, { kind })[0]?.format).toBe(expected),
);

test.each([
  { fields: {}, expected: { width: 1200, height: 800 } },
  { fields: { width: 300 }, expected: { width: 300, height: 200 } },
  { fields: { height: 200 }, expected: { width: 300, height: 200 } },
  { fields: { width: 300, height: 300 }, expected: { width: 300, height: 300 } },
  { fields: { width: 300, height: 300, fit: "inside" }, expected: { width: 300, height: 200 } },
  { fields: { width: 300, height: 300, fit: "outside" }, expected: { width: 450, height: 300 } },
  { fields: { width: 2400, withoutEnlargement: true }, expected: { width: 1200, height: 800 } },
  {
    fields: { width: 2400, height: 2000, fit: "contain", withoutEnlargement: true },
    expected: { width: 2400, height: 2000 },
  },
  { fields: { width: 2400 }, expected: { width: 2400, height: 1600 } },
  {
    fields: { extract: { left: 0, top: 0, width: 100, height: 50 }, width: 50 },
    expected: { width: 50, height: 25 },
  },
  { fields: { width: 300, rotate: 45 }, expected: { width: 354, height: 354 } },
  { fields: { width: 300, rotate: -180 }, expected: { width: 300, height: 200 } },
  { fields: { width: 30, extend: { left: 5, bottom: 7 } }, expected: { width: 35, height: 27 } },
])("the finished size is known before anything is decoded: $fields", ({ fields, expected }) => {
  const [rendering] = of(fields);
  expect(rendering && finishedSize(source, rendering)).toEqual(expected);
});
