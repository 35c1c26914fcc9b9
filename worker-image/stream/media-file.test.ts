import { expect, test } from "vitest";
import { describeHead, withoutShortTail } from "./media-file.ts";

const box = (type: string, ...content: Buffer[]) => {
  const body = Buffer.concat(content);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + body.length);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, body]);
};

const words = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => void bytes.writeUInt32BE(value >>> 0, at * 4));
  return bytes;
};

/** Version 1 with a timescale of 1000: bytes and milliseconds of each segment. */
const sidx = (firstOffset: number, ...segments: [number, number][]) =>
  box(
    "sidx",
    words(0x01000000, 1, 1000, 0, 0, 0, firstOffset, segments.length),
    ...segments.map(([bytes, milliseconds]) => words(bytes, milliseconds, 0x80000000)),
  );

const head = (configuration: Buffer, ...rest: Buffer[]) =>
  Buffer.concat([box("ftyp", words(1)), box("moov", configuration), ...rest]);
const avc = box("avcC", Buffer.from([1, 0x64, 0, 0x28]));

test("segments follow the index, past the gap that it names", () => {
  const file = head(avc, sidx(100, [5000, 6000], [3000, 2500]));
  const start = file.length;
  expect(describeHead(file)).toEqual({
    initBytes: 12 + 8 + avc.length,
    index: { first: 12 + 8 + avc.length, last: start - 1 },
    segments: [
      { offset: start + 100, bytes: 5000, seconds: 6 },
      { offset: start + 5100, bytes: 3000, seconds: 2.5 },
    ],
    codecs: "avc1.640028",
  });
});

test("a file without an index is refused", () => {
  expect(() => describeHead(head(avc))).toThrow(/sidx/);
  expect(() => describeHead(head(words(1), sidx(0)))).toThrow(/codec/);
});

test("a last segment too short for players joins the one before it, and nothing moves", () => {
  const whole = head(avc, sidx(100, [5000, 6000], [3000, 2000], [40, 21]));
  const { index, segments } = describeHead(whole);
  const joined = Buffer.from(whole);
  withoutShortTail(whole.subarray(index.first))?.copy(joined, index.first);
  expect(describeHead(joined).segments).toEqual([
    segments[0],
    { offset: segments[1]?.offset, bytes: 3040, seconds: 2.021 },
  ]);
  expect(joined.toString("latin1", joined.length - 8, joined.length - 4)).toBe("free");
});

test.each([
  {
    name: "one of half a second stays",
    segments: [
      [5000, 6000],
      [300, 500],
    ],
  },
  { name: "the only one stays", segments: [[40, 21]] },
] as { name: string; segments: [number, number][] }[])("$name", ({ segments }) =>
  expect(withoutShortTail(sidx(0, ...segments))).toBeUndefined(),
);
