import { expect, test } from "vitest";
import { plan, type Raw, source } from "../../../test/builders/video.ts";
import { lengthDifferences, type Packet, shownBy } from "./picture-length.ts";

/** Ten seconds of 25 frames a second, which begin at once. */
const SHOWN = { firstSeconds: 0, endSeconds: 10 };
const LATE = { firstSeconds: 0.48, endSeconds: 10.48 };
const record = (video: Raw = {}) =>
  source({ video: { duration: "10", ...video }, format: { duration: "10.48" } });

const LENGTHS: {
  name: string;
  output?: Raw;
  video?: Raw;
  shown?: typeof SHOWN;
  made: [seconds: number | null, frames: number | null];
  wrong?: RegExp;
}[] = [
  { name: "as many frames as there were", made: [10, 250] },
  { name: "one frame less", made: [9.96, 249] },
  { name: "three frames less", made: [9.88, 247], wrong: /pictures last 9.880 s, not 10.000 s/ },
  { name: "three frames more", made: [10.12, 253], wrong: /last 10.120 s/ },
  { name: "three frames less that leave a gap", made: [10, 247], wrong: /it has 247 frames, not 250/ },
  { name: "fields, two of which are a frame", video: { field_order: "tt" }, made: [10, 125] },
  { name: "frames that come at any time", video: { r_frame_rate: "90000/1" }, made: [9, 247] },
  { name: "a length that nothing tells", made: [null, 250] },
  { name: "frames that nobody counted", made: [10, null] },
  { name: "half the frames", output: { fps: 12.5 }, made: [10, 125] },
  { name: "half the frames, two of them lost", output: { fps: 12.5 }, made: [9.84, 123], wrong: /9.840 s/ },
  { name: "twice the frames, the last of which is short", output: { fps: 50 }, made: [9.98, 499] },
  { name: "half the speed", output: { speed: 0.5 }, made: [20, 500] },
  { name: "half the speed, cut short", output: { speed: 0.5 }, made: [19.8, 495], wrong: /not 20.000 s/ },
  {
    name: "two cuts",
    output: { cuts: [{ startSeconds: 1, endSeconds: 2 }, { startSeconds: 9 }] },
    made: [2, 50],
  },
  {
    name: "two cuts with what follows the first",
    output: { cuts: [{ startSeconds: 1, endSeconds: 2 }, { startSeconds: 9 }] },
    made: [2.12, 53],
    wrong: /not 2.000 s/,
  },
  { name: "pictures that begin late, and still do", shown: LATE, made: [10, 250] },
  {
    name: "pictures that begin late, filled from the start",
    shown: LATE,
    output: { fps: 25 },
    made: [10.48, 262],
  },
  { name: "those, not filled", shown: LATE, output: { fps: 25 }, made: [10, 250], wrong: /not 10.480 s/ },
];

test.each(LENGTHS)("$name: $wrong", ({ output = {}, video, shown = SHOWN, made, wrong }) => {
  const [seconds, frames] = made;
  const found = lengthDifferences({ seconds, frames }, plan(output, record(video)), shown);
  expect(found).toEqual(wrong ? [expect.stringMatching(wrong)] : []);
});

test("a part is as long as its window", () => {
  const whole = plan({}, record());
  const window = { startSeconds: 8, endSeconds: 16 };
  const part = { ...whole, work: { ...whole.work, window } };
  expect(lengthDifferences({ seconds: 2, frames: 50 }, part, SHOWN)).toEqual([]);
  expect(lengthDifferences({ seconds: 1.88, frames: 47 }, part, SHOWN)).toHaveLength(1);
});

/** Four frames of a steady rate, in the order in which they are decoded. */
const PACKETS: Packet[] = [0, 3, 1, 2].map((at) => ({
  seconds: 1 + at / 25,
  lastsSeconds: 0.04,
  flags: at === 0 ? "K_" : "__",
}));
const changed = (at: number, change: Partial<Packet>) =>
  PACKETS.map((packet, place) => (place === at ? { ...packet, ...change } : packet));

const HELD: { name: string; packets: Packet[]; expected: typeof SHOWN | null }[] = [
  { name: "a steady rate", packets: PACKETS, expected: { firstSeconds: 0.5, endSeconds: 0.66 } },
  {
    name: "one that others need alone",
    packets: changed(1, { flags: "_D" }),
    expected: { firstSeconds: 0.5, endSeconds: 0.62 },
  },
  {
    name: "milliseconds",
    packets: changed(3, { seconds: 1.081 }),
    expected: { firstSeconds: 0.5, endSeconds: 0.66 },
  },
  { name: "one without a time", packets: changed(2, { seconds: Number.NaN }), expected: null },
  { name: "a gap", packets: changed(1, { seconds: 1.16 }), expected: null },
  { name: "damage", packets: changed(1, { flags: "__C" }), expected: null },
  { name: "a last one that stays", packets: changed(1, { lastsSeconds: 2 }), expected: null },
  { name: "no keyframe at first", packets: changed(0, { flags: "__" }), expected: null },
  { name: "one before the keyframe", packets: changed(1, { seconds: 0.96 }), expected: null },
  { name: "none", packets: [], expected: null },
];

test.each(HELD)("packets with $name", ({ packets, expected }) => {
  const held = shownBy(packets, { rate: { num: 25, den: 1 }, startSeconds: 0.5 });
  if (!expected) return expect(held).toBeNull();
  expect(held?.firstSeconds).toBeCloseTo(expected.firstSeconds, 6);
  expect(held?.endSeconds).toBeCloseTo(expected.endSeconds, 6);
});
