import { expect, test } from "vitest";
import { excessOf, nothingMade, shortnessOf } from "./source-length.ts";

const whole = { cutShortLines: 0, log: [] };
const lengths = (declaredSeconds: number | null, foundSeconds: number, toleranceSeconds = 0) => ({
  what: "sound",
  declaredSeconds,
  foundSeconds,
  toleranceSeconds,
});

test.each([
  { name: "a quarter of a second is no difference", lengths: lengths(10, 9.8), warned: false },
  { name: "half a second of ten is", lengths: lengths(10, 9.5), warned: true },
  { name: "a hundredth of a minute is none", lengths: lengths(60, 59.5), warned: false },
  { name: "but two seconds of a film are", lengths: lengths(7200, 7198), warned: true },
  { name: "slow frames may be longer", lengths: lengths(10, 8.5, 2), warned: false },
  { name: "what is longer is no matter", lengths: lengths(10, 12), warned: false },
  { name: "nothing is declared", lengths: lengths(null, 1), warned: false },
])("$name", ({ lengths, warned }) => {
  const reasons = shortnessOf(lengths, whole).map(({ reason }) => reason);
  expect(reasons).toEqual(warned ? ["SourceShorterThanDeclared"] : []);
});

test.each([
  { name: "a cut that is as long as it was asked for", spans: [{}], lengths: lengths(1, 1.04), wrong: false },
  { name: "a cut that holds more", spans: [{}], lengths: lengths(1, 2), wrong: true },
  { name: "a cut whose last frame lasts", spans: [{}], lengths: lengths(1, 2, 2), wrong: false },
  { name: "a source that is longer than it says", spans: [], lengths: lengths(10, 12), wrong: false },
])("$name is wrong: $wrong", ({ spans, lengths, wrong }) => {
  expect(excessOf({ spans }, lengths)).toHaveLength(wrong ? 1 : 0);
});

test("a source that breaks off has failed", () => {
  expect(() => shortnessOf(lengths(10, 5), { cutShortLines: 1, log: [] })).toThrow(
    expect.objectContaining({ reason: "SourceTruncated" }),
  );
  expect(shortnessOf(lengths(10, 9.9), { cutShortLines: 1, log: [] })).toEqual([]);
});

const CUT = [{ startSeconds: 5, endSeconds: 6 }];

test.each([
  { name: "a sound source that ends before its cuts", spans: CUT, expected: "InvalidOutputSpec" },
  { name: "a source that breaks off", spans: CUT, cutShortLines: 1, expected: "SourceCorrupt" },
  { name: "a damaged source", spans: CUT, damagedLines: 1, expected: "SourceCorrupt" },
  { name: "the whole of a source without frames", spans: [], expected: "SourceCorrupt" },
])("$name gives nothing: $expected", ({ spans, cutShortLines = 0, damagedLines = 0, expected }) => {
  expect(nothingMade({ what: "frame" }, spans, { cutShortLines, damagedLines, log: [] }).reason).toBe(
    expected,
  );
});
