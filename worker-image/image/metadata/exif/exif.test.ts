import { describe, expect, test } from "vitest";
import { METADATA_GROUPS } from "../../../../crds/outputs/image/metadata.ts";
import { withDensity } from "./density.ts";
import { tagsOf } from "./fields.ts";
import { type ByteOrder, type ExifFields, type Field, readFields } from "./read.ts";
import { writeExif } from "./write.ts";

const ALL = tagsOf(new Set(METADATA_GROUPS));
const read = (tiff: Buffer, tags = ALL) =>
  readFields(async (at, length) => tiff.subarray(at, at + length), tags);
const SIZE = { width: 300, height: 200 };

const text = (tag: number, value: string): Field => {
  const bytes = Buffer.from(`${value}\0`);
  return { tag, type: 2, count: bytes.length, value: bytes };
};
const bytes = (tag: number, type: number, count: number, ...value: number[]): Field => ({
  ...{ tag, type, count, value: Buffer.from(value) },
});
const COPYRIGHT = 0x8298;
const EXPOSURE_TIME = 0x829a;
const BIAS = 0x9204;
/** The numbers mean nothing in the other order: what is copied is not looked into. */
const fieldsIn = (order: ByteOrder): ExifFields => ({
  order,
  image: [
    text(0x013b, "Jürgen Müller, 日本太郎"),
    text(COPYRIGHT, "© Ann (all rights reserved)"),
    bytes(0x4746, 3, 1, 0, 5),
  ],
  camera: [
    bytes(EXPOSURE_TIME, 5, 1, 6, 0, 0, 0, 10, 0, 0, 0),
    bytes(BIAS, 10, 1, 2, 0, 0, 0, 3, 0, 0, 0),
    text(0xa434, "odd"),
  ],
  place: [bytes(2, 5, 3, ...Array.from({ length: 24 }, (_, index) => index)), text(1, "N")],
});
const byTag = (fields: readonly Field[]) => fields.toSorted((a, b) => a.tag - b.tag);

describe.each(["II", "MM"] as const)("with the bytes in the order %s", (order) => {
  test("what is written is read again, byte for byte", async () => {
    const fields = fieldsIn(order);
    expect(await read(writeExif(fields, SIZE))).toEqual({
      order,
      image: byTag(fields.image),
      camera: byTag(fields.camera),
      place: byTag(fields.place),
    });
  });

  test("the picture says its own size, density and that it is upright", async () => {
    const tiff = writeExif(fieldsIn(order), { ...SIZE, density: 300 });
    const own = {
      image: new Set([0x112, 0x11a, 0x128]),
      camera: new Set([0xa002, 0xa003]),
      place: new Set([9]),
    };
    const number = ({ value }: Field) =>
      order === "II"
        ? value.readUIntLE(0, Math.min(4, value.length))
        : value.readUIntBE(0, Math.min(4, value.length));
    const found = await read(tiff, own);
    expect(found?.image.map(number)).toEqual([1, 300_000, 2]);
    expect(found?.camera.map(number)).toEqual([300, 200]);
  });

  test("a density takes the place of another, and all else stays", () => {
    const tiff = writeExif(fieldsIn(order), { ...SIZE, density: 72 });
    const made = withDensity(tiff, 300) ?? Buffer.alloc(0);
    const changed = [...made.keys()].filter((at) => made[at] !== tiff[at]);
    // 72000/1000 becomes 300/1, twice; the inch stays.
    expect(changed.length).toBeLessThanOrEqual(2 * 8);
    expect(withDensity(made, 72)).toEqual(withDensity(tiff, 72));
    expect(made.includes(Buffer.from(order === "II" ? [44, 1, 0, 0, 1] : [0, 0, 1, 44, 0, 0, 0, 1]))).toBe(
      true,
    );
  });

  test("only what is asked for is read", async () => {
    const tiff = writeExif(fieldsIn(order), SIZE);
    const copyright = await read(tiff, tagsOf(new Set(["Copyright"])));
    expect(copyright?.image.map(({ tag }) => tag)).toEqual([0x013b, COPYRIGHT]);
    expect([copyright?.camera, copyright?.place]).toEqual([[], []]);
    expect(await read(tiff, tagsOf(new Set(["Iptc", "Xmp", "Icc"])))).toBeUndefined();
  });

  test("cut anywhere it gives what is whole, or nothing", async () => {
    const fields = fieldsIn(order);
    const tiff = writeExif(fields, SIZE);
    const told = ({ image, camera, place }: ExifFields) =>
      [...image, ...camera, ...place].map((field) => JSON.stringify(field));
    const whole = new Set(told(fields));
    for (let length = 0; length < tiff.length; length++) {
      const found = await read(tiff.subarray(0, length));
      const broken = found ? told(found).filter((field) => !whole.has(field)) : [];
      if (broken.length) expect.fail(`${length} bytes: ${broken}`);
    }
  });
});

/** A structure whose one directory has these entries: number, type, count, and four bytes. */
function tiffOf(...entries: [number, number, number, number][]): Buffer {
  const tiff = Buffer.alloc(10 + entries.length * 12 + 4);
  tiff.write("II*\0\x08\0\0\0", "latin1");
  tiff.writeUInt16LE(entries.length, 8);
  entries.forEach(([tag, type, count, value], index) => {
    const at = 10 + index * 12;
    tiff.writeUInt16LE(tag, at);
    tiff.writeUInt16LE(type, at + 2);
    tiff.writeUInt32LE(count, at + 4);
    tiff.writeUInt32LE(value, at + 8);
  });
  return tiff;
}

test.each([
  { name: "nothing", tiff: Buffer.alloc(0) },
  { name: "noise", tiff: Buffer.alloc(400, 0x37) },
  { name: "a value of 4 GB", tiff: tiffOf([COPYRIGHT, 2, 0xffffffff, 8]) },
  { name: "a value behind the end", tiff: tiffOf([COPYRIGHT, 2, 20, 0xfffffff0]) },
  { name: "a type that nobody knows", tiff: tiffOf([COPYRIGHT, 99, 1, 0]) },
  { name: "no values", tiff: tiffOf([COPYRIGHT, 2, 0, 0]) },
  { name: "a copyright of nothing but zeros, as cameras leave it", tiff: tiffOf([COPYRIGHT, 2, 4, 0]) },
  { name: "a camera's directory that is the image's again", tiff: tiffOf([0x8769, 4, 1, 8]) },
  { name: "more entries than bytes", tiff: Buffer.from("II*\0\x08\0\0\0\xff\xff", "latin1") },
])("of $name nothing is kept, and it takes no density", async ({ tiff }) => {
  expect(await read(tiff)).toBeUndefined();
  expect(withDensity(tiff, 300)).toBeUndefined();
});

test("values that together are too large for a JPEG are left out, and the others stay", async () => {
  const long = text(0x010e, "x".repeat(50_000));
  const longer = text(0x0110, "x".repeat(20_000));
  const own = text(COPYRIGHT, "© Ann");
  const tiff = writeExif({ order: "II", image: [long, longer, own], camera: [], place: [] }, SIZE);
  const asText = (fields: readonly Field[] = []) =>
    fields.map((field) => ({ ...field, value: `${field.value}` }));
  expect(asText((await read(tiff))?.image)).toEqual(asText([long, own]));
});

test("a BigTIFF has the same fields", async () => {
  const value = Buffer.from("© Ann (all)\0");
  const tiff = Buffer.alloc(80);
  tiff.write("II+\0\x08\0\0\0", "latin1");
  tiff.writeUInt32LE(16, 8);
  tiff.writeUInt32LE(1, 16);
  tiff.writeUInt16LE(COPYRIGHT, 24);
  tiff.writeUInt16LE(2, 26);
  tiff.writeUInt32LE(value.length, 28);
  tiff.writeUInt32LE(60, 36);
  value.copy(tiff, 60);
  expect((await read(tiff))?.image).toEqual([{ tag: COPYRIGHT, type: 2, count: value.length, value }]);
});
