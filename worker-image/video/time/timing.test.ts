import { expect, test } from "vitest";
import { exactRate, onFrames, outputSeconds, spansOf } from "./timing.ts";

test.each([
  { fps: 29.97, expected: { num: 30_000, den: 1001 } },
  { fps: 23.976, expected: { num: 24_000, den: 1001 } },
  { fps: 23.98, expected: { num: 24_000, den: 1001 } },
  { fps: 59.94, expected: { num: 60_000, den: 1001 } },
  { fps: 119.88, expected: { num: 120_000, den: 1001 } },
  { fps: 25, expected: { num: 25, den: 1 } },
  { fps: 12.5, expected: { num: 12_500, den: 1000 } },
])("$fps fps means $expected.num/$expected.den", ({ fps, expected }) =>
  expect(exactRate(fps)).toEqual(expected),
);

test.each([
  { name: "no cuts keep everything", cuts: undefined, spans: [] },
  {
    name: "an open end is the source's",
    cuts: [{ startSeconds: 4 }],
    spans: [{ startSeconds: 4, endSeconds: 10 }],
  },
  {
    name: "an end beyond the source is its end",
    cuts: [{ startSeconds: 4, endSeconds: 99 }],
    spans: [{ startSeconds: 4, endSeconds: 10 }],
  },
  {
    name: "a cut beyond the source is dropped",
    cuts: [{ startSeconds: 12, endSeconds: 14 }, { startSeconds: 9 }],
    spans: [{ startSeconds: 9, endSeconds: 10 }],
  },
  {
    name: "order is kept, overlaps are allowed",
    cuts: [
      { startSeconds: 5, endSeconds: 6 },
      { startSeconds: 0, endSeconds: 6 },
    ],
    spans: [
      { startSeconds: 5, endSeconds: 6 },
      { startSeconds: 0, endSeconds: 6 },
    ],
  },
])("$name", ({ cuts, spans }) => expect(spansOf(cuts, 10)).toEqual(spans));

test("an unknown duration leaves an end open", () => {
  expect(spansOf([{ startSeconds: 4 }], null)).toEqual([{ startSeconds: 4, endSeconds: undefined }]);
});

test.each([
  { name: "all of it", spans: [], speed: undefined, duration: 10, expected: 10 },
  { name: "half as long at double speed", spans: [], speed: 2, duration: 10, expected: 5 },
  {
    name: "cuts add up",
    spans: [
      { startSeconds: 1, endSeconds: 2 },
      { startSeconds: 5, endSeconds: 8 },
    ],
    speed: undefined,
    duration: 10,
    expected: 4,
  },
  { name: "an unknown source stays unknown", spans: [], speed: undefined, duration: null, expected: null },
])("$name", ({ spans, speed, duration, expected }) =>
  expect(outputSeconds({ spans, speed }, duration)).toBe(expected),
);

test.each([
  {
    name: "bounds on frames stay",
    spans: [{ startSeconds: 0.52, endSeconds: 1.04 }],
    expected: [0.52, 1.04],
  },
  {
    name: "bounds between frames move to the next",
    spans: [{ startSeconds: 0.51, endSeconds: 1.01 }],
    expected: [0.52, 1.04],
  },
  {
    name: "a rounded millisecond is no other frame",
    spans: [{ startSeconds: 0.521, endSeconds: 1 }],
    expected: [0.52, 1],
  },
  {
    name: "frames may begin late",
    spans: [{ startSeconds: 0.5, endSeconds: 1 }],
    firstSeconds: 0.01,
    expected: [0.53, 1.01],
  },
  {
    name: "a varying rate has no frames to move to",
    spans: [{ startSeconds: 0.51, endSeconds: 1.01 }],
    rate: null,
    expected: [0.51, 1.01],
  },
])("$name", ({ spans, rate = { num: 25, den: 1 }, firstSeconds = 0, expected }) => {
  const [span] = onFrames(spans, { rate, firstSeconds });
  expect(span?.startSeconds).toBeCloseTo(expected[0] ?? 0, 9);
  expect(span?.endSeconds).toBeCloseTo(expected[1] ?? 0, 9);
});
