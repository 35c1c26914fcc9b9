import { expect, test } from "vitest";
import { exifOfIptc, iptcField, iptcSegment, keptIptc } from "./iptc.ts";

const dataSet = (record: number, number: number, text: string) =>
  Buffer.concat([Buffer.from([0x1c, record, number, 0, text.length]), Buffer.from(text, "latin1")]);
function resource(id: number, data: Buffer, name = ""): Buffer {
  const head = Buffer.alloc(6);
  head.write("8BIM");
  head.writeUInt16BE(id, 4);
  const label = Buffer.from([name.length, ...Buffer.from(name)]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  return Buffer.concat([
    head,
    label,
    Buffer.alloc(label.length % 2),
    size,
    data,
    Buffer.alloc(data.length % 2),
  ]);
}
const block = (...resources: Buffer[]) => Buffer.concat([Buffer.from("Photoshop 3.0\0"), ...resources]);
const DATA = Buffer.concat([
  dataSet(1, 90, "\x1b%G"),
  dataSet(2, 25, "private remark"),
  dataSet(2, 80, "Ann"),
  dataSet(2, 116, "(c) Ann"),
]);
const textOf = (data: Buffer | undefined) => data?.toString("latin1") ?? "";

test("all data sets stay where IPTC is kept, and nothing else of Photoshop's", () => {
  const kept = keptIptc(block(resource(0x040c, Buffer.from("thumbnail"), "odd"), resource(0x0404, DATA)), {
    isAll: true,
  });
  expect(kept).toEqual(DATA);
  const segment = iptcSegment(DATA);
  expect(segment?.marker).toBe(0xed);
  expect(segment?.body.equals(block(resource(0x0404, DATA)))).toBe(true);
  expect(iptcSegment(Buffer.alloc(65_533))).toBeUndefined();
});

test("the copyright keeps who made it and who may be asked, and how their names are coded", () => {
  const kept = textOf(keptIptc(block(resource(0x0404, DATA)), { isAll: false }));
  expect(kept).toContain("(c) Ann");
  expect(kept).toContain("\x1b%G");
  expect(kept).not.toContain("private remark");
});

test.each([
  { name: "as they are", of: DATA },
  {
    name: "as numbers of four bytes, swapped",
    of: Buffer.concat([DATA, Buffer.alloc(4 - (DATA.length % 4))]).swap32(),
  },
])("the data sets of a TIFF stay, $name", ({ of }) => {
  expect(keptIptc(of, { isAll: true })).toEqual(DATA);
  const { type, count, value } = iptcField(DATA);
  expect([type, count * 4]).toEqual([4, value.length]);
  expect(keptIptc(value, { isAll: true })).toEqual(DATA);
});

test.each([
  {
    name: "UTF-8",
    sets: [dataSet(2, 80, "Ann"), dataSet(2, 80, "Bob"), dataSet(2, 116, "\xc2\xa9 K\xc3\xb6ln")],
    expected: { 315: "Ann; Bob\0", 33432: "© Köln\0" },
  },
  { name: "Latin letters", sets: [dataSet(2, 116, "\xa9 K\xf6ln")], expected: { 33432: "© Köln\0" } },
  { name: "nothing", sets: [dataSet(2, 116, "")], expected: {} },
  { name: "five times 250 letters", sets: Array(5).fill(dataSet(2, 80, "x".repeat(250))), expected: {} },
])("who made a picture and whose it is, written in $name, are fields of EXIF", ({ sets, expected }) => {
  const fields = exifOfIptc(Buffer.concat([dataSet(2, 25, "private remark"), ...sets]));
  expect(Object.fromEntries(fields.map(({ tag, value }) => [tag, value.toString()]))).toEqual(expected);
});

test.each([
  { name: "no data set of the copyright", of: block(resource(0x0404, dataSet(2, 25, "a"))) },
  { name: "no IPTC resource", of: block(resource(0x040c, Buffer.from("thumbnail"))) },
  {
    name: "a resource that claims more than there is",
    of: Buffer.concat([
      Buffer.from("Photoshop 3.0\0" + "8BIM\x04\x04\0\0", "latin1"),
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
    ]),
  },
  {
    name: "a data set that claims more than there is",
    of: block(resource(0x0404, Buffer.from([0x1c, 2, 80, 0x7f, 0xff, 65]))),
  },
  { name: "nothing at all", of: Buffer.alloc(0) },
])("$name leaves nothing", ({ of }) => expect(keptIptc(of, { isAll: false })).toBeUndefined());
