import { expect, test } from "vitest";
import { doneOf } from "./encode.ts";
import type { Rendition } from "./rendition.ts";

const rendition = (fields: object = {}) =>
  ({ expectedSeconds: 10, fps: { num: 25, den: 1 }, work: {}, ...fields }) as Rendition;

test.each([
  { name: "frames taken in count before any is written", frames: 50, outTimeSeconds: 0, expected: 0.1 },
  { name: "what is taken in and what is written count alike", frames: 150, outTimeSeconds: 4, expected: 0.5 },
  {
    name: "the last frames are taken in before they are written",
    frames: 250,
    outTimeSeconds: 8,
    expected: 0.9,
  },
  { name: "sound alone has no frames", frames: 0, outTimeSeconds: 5, expected: 0.5 },
  {
    name: "a varying rate has no number of frames",
    frames: 77,
    outTimeSeconds: 5,
    of: { fps: null },
    expected: 0.5,
  },
  {
    name: "a part counts from its start",
    frames: 125,
    outTimeSeconds: 65,
    of: { work: { window: { startSeconds: 60, endSeconds: 70 } } },
    expected: 0.5,
  },
  {
    name: "a length that nobody knows has no share",
    frames: 5,
    outTimeSeconds: 5,
    of: { expectedSeconds: null },
    expected: 0,
  },
])("$name", ({ frames, outTimeSeconds, of = {}, expected }) =>
  expect(doneOf({ frames, outTimeSeconds }, rendition(of))).toBeCloseTo(expected, 9),
);
