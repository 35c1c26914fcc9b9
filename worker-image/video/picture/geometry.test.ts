import { expect, test } from "vitest";
import { scalingOf, type Wish } from "./geometry.ts";

const HD = { width: 1280, height: 720 };
const PORTRAIT = { width: 720, height: 1280 };
const scale = (source: typeof HD, wish: Partial<Wish>) =>
  scalingOf(source, { fit: "inside", enlarge: false, ...wish });
const size = (width: number, height: number) => ({ width, height });

test.each([
  { name: "nothing asked keeps the size", source: HD, wish: {}, final: HD },
  { name: "an odd source loses one line", source: size(641, 479), wish: {}, final: size(640, 478) },
  { name: "a height keeps the ratio", source: HD, wish: { height: 480 }, final: size(854, 480) },
  { name: "a width keeps the ratio", source: HD, wish: { width: 640 }, final: size(640, 360) },
  { name: "a height above the source does not enlarge", source: HD, wish: { height: 1080 }, final: HD },
  { name: "enlarge does", source: HD, wish: { height: 1080, enlarge: true }, final: size(1920, 1080) },
  {
    name: "a portrait by height stays portrait",
    source: PORTRAIT,
    wish: { height: 640 },
    final: size(360, 640),
  },
  { name: "an odd height becomes even", source: HD, wish: { height: 361 }, final: size(642, 362) },
  { name: "inside stays in the box", source: HD, wish: { width: 400, height: 400 }, final: size(400, 226) },
  {
    name: "fill distorts",
    source: HD,
    wish: { width: 400, height: 400, fit: "fill" },
    final: size(400, 400),
  },
  { name: "a line of pixels stays", source: size(8000, 16), wish: { width: 100 }, final: size(100, 2) },
] as const)("$name", ({ source, wish, final }) =>
  expect(scale(source, wish)).toEqual({ scaled: final, final }),
);

test.each([
  {
    name: "contain puts the picture into the box",
    source: HD,
    wish: { width: 400, height: 400, fit: "contain" },
    expected: { scaled: size(400, 226), final: size(400, 400) },
  },
  {
    name: "contain of a small picture keeps it and fills the box",
    source: size(320, 180),
    wish: { width: 1280, height: 720, fit: "contain" },
    expected: { scaled: size(320, 180), final: HD },
  },
  {
    name: "cover scales until the box is full, the rest is cut",
    source: HD,
    wish: { width: 400, height: 400, fit: "cover" },
    expected: { scaled: size(712, 400), final: size(400, 400) },
  },
  {
    name: "cover above the source shrinks the box, its ratio stays",
    source: HD,
    wish: { width: 2000, height: 2000, fit: "cover" },
    expected: { scaled: HD, final: size(720, 720) },
  },
] as const)("$name", ({ source, wish, expected }) => expect(scale(source, wish)).toEqual(expected));
