import { expect, test } from "vitest";
import { describeTrack, videoRangeOf } from "./track-description.ts";

const box = (type: string, ...content: Buffer[]) => {
  const body = Buffer.concat(content);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + body.length);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, body]);
};

const av1C = (...bytes: number[]) => box("av1C", Buffer.from([0x81, ...bytes, 0]));
const hvcC = (...bytes: number[]) => box("hvcC", Buffer.from([1, ...bytes]));
const colr = (primaries: number, transfer: number, matrix: number, full = 0) =>
  box("colr", Buffer.from("nclx"), Buffer.from([0, primaries, 0, transfer, 0, matrix, full]));

/** As ffmpeg writes them: each length in four bytes. */
const esds = (...configuration: number[]) => {
  const descriptor = (tag: number, ...content: number[]) => [
    tag,
    0x80,
    0x80,
    0x80,
    content.length,
    ...content,
  ];
  const specific = descriptor(5, ...configuration);
  const decoder = descriptor(4, 0x40, 0x15, ...new Array(11).fill(0), ...specific);
  return box("esds", Buffer.from([0, 0, 0, 0, ...descriptor(3, 0, 1, 0, ...decoder)]));
};

test.each([
  {
    name: "HEVC Main at level 3.1",
    boxes: [hvcC(0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93)],
    codecs: "hvc1.1.6.L93.90",
  },
  {
    name: "HEVC Main 10, high tier",
    boxes: [hvcC(0x22, 0x20, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 120)],
    codecs: "hvc1.2.4.H120.b0",
  },
  { name: "AV1 Main, 8 bits", boxes: [av1C(0x08, 0x0c)], codecs: "av01.0.08M.08" },
  {
    name: "AV1 Main, 10 bits, high tier, of BT.709, which needs no word",
    boxes: [av1C(0x0d, 0xcc), colr(1, 1, 1)],
    codecs: "av01.0.13H.10",
  },
  { name: "AV1 of HLG", boxes: [av1C(0x08, 0x4c), colr(9, 18, 9)], codecs: "av01.0.08M.10.0.110.09.18.09.0" },
  {
    name: "AV1 of PQ in the full range",
    boxes: [av1C(0x08, 0x4e), colr(9, 16, 9, 0x80)],
    codecs: "av01.0.08M.10.0.112.09.16.09.1",
  },
  { name: "AAC-LC", boxes: [esds(0x11, 0x90)], codecs: "mp4a.40.2" },
])("$name is $codecs", ({ boxes, codecs }) =>
  expect(describeTrack(box("moov", ...boxes)).codecs).toBe(codecs),
);

test.each([
  { color: [colr(1, 1, 1)], range: "SDR" },
  { color: [colr(9, 16, 9)], range: "PQ" },
  { color: [colr(9, 18, 9)], range: "HLG" },
  { color: [], range: "SDR" },
])("a transfer of its own makes $range", ({ color, range }) =>
  expect(videoRangeOf(describeTrack(box("moov", av1C(0x08, 0x4c), ...color)))).toBe(range),
);

test.each([
  { name: "stereo of 44.1 kHz", configuration: [0x12, 0x10], sound: { channels: 2, sampleRate: 44_100 } },
  { name: "5.1 of 48 kHz", configuration: [0x11, 0xb0], sound: { channels: 6, sampleRate: 48_000 } },
  { name: "7.1 of 48 kHz", configuration: [0x11, 0xb8], sound: { channels: 8, sampleRate: 48_000 } },
])("$name is told by AAC itself", ({ configuration, sound }) =>
  expect(describeTrack(box("moov", esds(...configuration))).sound).toEqual(sound),
);

test.each([
  { name: "a codec without a name", boxes: [box("vp09")], message: /codec/ },
  { name: "channels that only the stream lists", boxes: [esds(0x11, 0x80)], message: /channels/ },
])("$name is refused", ({ boxes, message }) =>
  expect(() => describeTrack(box("moov", ...boxes))).toThrow(message),
);
