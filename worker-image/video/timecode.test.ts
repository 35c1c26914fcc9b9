import { expect, test } from "vitest";
import { timecodeAfter } from "./timecode.ts";

const PAL = { num: 25, den: 1 };
const NTSC = { num: 30_000, den: 1001 };
const NTSC_60 = { num: 60_000, den: 1001 };
const framesOf = (count: number, { num, den }: typeof PAL) => (count * den) / num;

test.each([
  { name: "no time leaves it", start: "10:00:00:00", seconds: 0, rate: PAL, expected: "10:00:00:00" },
  {
    name: "seconds and frames are carried",
    start: "10:59:59:24",
    seconds: 0.04,
    rate: PAL,
    expected: "11:00:00:00",
  },
  { name: "midnight wraps", start: "23:59:59:24", seconds: 0.04, rate: PAL, expected: "00:00:00:00" },
  {
    name: "drop-frame skips two numbers at a minute",
    start: "00:00:59;29",
    seconds: framesOf(1, NTSC),
    rate: NTSC,
    expected: "00:01:00;02",
  },
  {
    name: "but none at a tenth",
    start: "00:09:59;29",
    seconds: framesOf(1, NTSC),
    rate: NTSC,
    expected: "00:10:00;00",
  },
  {
    name: "an hour of drop-frame is an hour of clock",
    start: "00:00:00;00",
    seconds: framesOf(107_892, NTSC),
    rate: NTSC,
    expected: "01:00:00;00",
  },
  {
    name: "60 fps drops four",
    start: "00:00:59;59",
    seconds: framesOf(1, NTSC_60),
    rate: NTSC_60,
    expected: "00:01:00;04",
  },
  {
    name: "non-drop runs through",
    start: "00:00:59:29",
    seconds: framesOf(1, NTSC),
    rate: NTSC,
    expected: "00:01:00:00",
  },
  {
    name: "a frame number the rate has not is none",
    start: "00:00:00:29",
    seconds: 0,
    rate: PAL,
    expected: undefined,
  },
  { name: "a text is none", start: "later", seconds: 0, rate: PAL, expected: undefined },
])("$name", ({ start, seconds, rate, expected }) =>
  expect(timecodeAfter(start, seconds, rate)).toBe(expected),
);
