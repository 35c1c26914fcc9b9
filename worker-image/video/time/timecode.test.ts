import { expect, test } from "vitest";
import { timecodeAfter, timecodeAtRate } from "./timecode.ts";

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

const PAL_50 = { num: 50, den: 1 };
const FILM = { num: 24_000, den: 1001 };

test.each([
  { name: "half the frames", timecode: "10:00:00:40", from: PAL_50, to: PAL, expected: "10:00:00:20" },
  { name: "more of them", timecode: "10:00:00:23", from: FILM, to: NTSC, expected: "10:00:00:28" },
  { name: "no more drops", timecode: "01:02:03;29", from: NTSC, to: PAL, expected: "01:02:03:24" },
  { name: "drops as before", timecode: "00:01:00;04", from: NTSC_60, to: NTSC, expected: "00:01:00;02" },
  { name: "the same rate", timecode: "00:01:00;04", from: NTSC, to: NTSC, expected: "00:01:00;04" },
  { name: "frames the rate has not", timecode: "00:00:00:29", from: PAL, to: NTSC, expected: undefined },
  { name: "a text", timecode: "later", from: PAL, to: NTSC, expected: undefined },
])("a timecode at another rate: $name", ({ timecode, from, to, expected }) =>
  expect(timecodeAtRate(timecode, from, to)).toBe(expected),
);
