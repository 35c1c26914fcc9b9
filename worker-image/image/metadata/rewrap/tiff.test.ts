import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { type ExifFields, type Field, readFields } from "../exif/read.ts";
import { addFields } from "./tiff.ts";

const gradient = Buffer.from(Array.from({ length: 64 * 48 * 3 }, (_, index) => (index * 7) % 256));
const picture = () => sharp(gradient, { raw: { width: 64, height: 48, channels: 3 } });
const kinds = {
  plain: picture().tiff({ compression: "none" }),
  "of many strips": picture().resize(16, 4000, { fit: "fill" }).tiff({ compression: "lzw" }),
  "of JPEGs, in tiles": picture().tiff({ compression: "jpeg", tile: true, tileWidth: 16, tileHeight: 16 }),
  "with alpha, XMP and a profile": picture()
    .ensureAlpha(0.4)
    .withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    .withIccProfile("p3")
    .tiff(),
  "of 16 bits": picture().toColourspace("rgb16").tiff(),
};

const text = (tag: number, words: string): Field => {
  const value = Buffer.from(`${words}\0`);
  return { tag, type: 2, count: value.length, value };
};
const COPYRIGHT = text(0x8298, "© Ann");
const WANTED = {
  image: new Set([COPYRIGHT.tag, 0x4746]),
  camera: new Set([0x829a, 0xa500]),
  place: new Set([2]),
};
const field = (tag: number, type: number, count: number, hex: string): Field => ({
  ...{ tag, type, count, value: Buffer.from(hex, "hex") },
});
/** A rating of 5, an exposure of 6/10 s, a gamma as a double, and degrees. */
const LOW_FIRST: ExifFields = {
  order: "II",
  image: [field(0x4746, 3, 1, "0500"), COPYRIGHT],
  camera: [field(0x829a, 5, 1, "060000000a000000"), field(0xa500, 12, 1, "9a99999999990140")],
  place: [field(2, 5, 1, "3400000001000000")],
};
const HIGH_FIRST: ExifFields = {
  order: "MM",
  image: [field(0x4746, 3, 1, "0005"), COPYRIGHT],
  camera: [field(0x829a, 5, 1, "000000060000000a"), field(0xa500, 12, 1, "400199999999999a")],
  place: [field(2, 5, 1, "0000003400000001")],
};

describe.each(Object.entries(kinds))("a TIFF %s", (_, pipeline) => {
  test.each([LOW_FIRST, HIGH_FIRST])(
    "takes fields of the order $order, and shows the same",
    async (fields) => {
      const file = await pipeline.toBuffer();
      const made = addFields(file, fields);
      const read = await readFields(async (at, length) => made.subarray(at, at + length), WANTED);
      expect(read).toEqual(LOW_FIRST);
      const [was, is] = await Promise.all([file, made].map((each) => sharp(each).metadata()));
      expect({ ...is, size: 0, exif: undefined }).toEqual({ ...was, size: 0, exif: undefined });
      const [before, after] = await Promise.all([file, made].map((each) => sharp(each).raw().toBuffer()));
      expect(after?.equals(before ?? Buffer.alloc(0))).toBe(true);
    },
  );
});

test.each([
  { name: "one that is cut", file: (await kinds.plain.toBuffer()).subarray(0, -40) },
  { name: "a BigTIFF", file: await picture().tiff({ bigtiff: true }).toBuffer() },
  { name: "anything else", file: await picture().jpeg().toBuffer() },
  { name: "nothing", file: Buffer.alloc(0) },
])("$name is an error and no wrong file", ({ file }) => {
  expect(() => addFields(file, LOW_FIRST)).toThrow(/as nobody expects/);
});
