import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { rewrapAvif } from "./avif.ts";
import { type HeifFile, type HeifItem, readHeif } from "./heif-items.ts";
import { writeHeif } from "./heif-writing.ts";

const gradient = Buffer.from(Array.from({ length: 64 * 48 * 3 }, (_, index) => (index * 7) % 256));
const picture = () => sharp(gradient, { raw: { width: 64, height: 48, channels: 3 } });
const XMP = "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";
const none = { exif: undefined, xmp: undefined, iptc: undefined };
const bare = { metadata: none, profile: false, alpha: false };
const pixels = (file: Buffer) => sharp(file, { ignoreIcc: true }).raw().toBuffer();

describe.each(
  Object.entries({
    plain: picture(),
    "with alpha": picture().ensureAlpha(0.4),
    "with alpha, XMP and a profile": picture().ensureAlpha(0.4).withXmp(XMP).withIccProfile("p3"),
    "of a wide picture": picture().resize(4200, 8, { fit: "fill" }),
  }),
)("an AVIF %s", (_, pipeline) => {
  test.each([30, 190, 60_000])("takes %i bytes in place of the EXIF that libvips wrote", async (length) => {
    const exif = Buffer.concat([Buffer.from("II*\0\x08\0\0\0", "latin1"), Buffer.alloc(length - 8, "Ann ©")]);
    const file = await pipeline
      .clone()
      .withExif({ IFD0: { ImageDescription: "gone" } })
      .avif({ effort: 0 })
      .toBuffer();
    const made = rewrapAvif(file, { metadata: undefined, ownExif: exif, profile: true, alpha: false });
    if (!made) throw new Error("its parts do not add up");
    expect(made.includes("gone")).toBe(false);
    const [was, is] = await Promise.all([file, made].map((each) => sharp(each).metadata()));
    expect(is?.exif?.subarray(6).equals(exif), "after `Exif\\0\\0`").toBe(true);
    expect([is?.xmp, is?.icc]).toEqual([was?.xmp, was?.icc]);
    expect((await pixels(made)).equals(await pixels(file))).toBe(true);
  });
});

const file = await picture().ensureAlpha(0.4).avif({ effort: 0 }).toBuffer();
const whole = readHeif(file);
const [first, alpha] = whole.items as [HeifItem, HeifItem];
const box = (type: string, content: string) => ({
  type,
  isEssential: false,
  content: Buffer.from(content, "latin1"),
});
const another = (fields: Partial<HeifItem>): HeifItem => ({ ...first, id: 77, references: [], ...fields });
const secret = [Buffer.from("secret")];

test.each<{ what: string; with: Partial<HeifFile> }>([
  {
    what: "a thumbnail",
    with: { items: [...whole.items, another({ references: [{ type: "thmb", to: [first.id] }] })] },
  },
  { what: "a second picture", with: { items: [...whole.items, another({ parts: secret })] } },
  { what: "a picture before it", with: { items: [another({ parts: secret }), ...whole.items] } },
  {
    what: "a map of depth",
    with: {
      items: [
        ...whole.items,
        another({
          parts: secret,
          properties: [box("auxC", "\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:depth\0")],
          references: [{ type: "auxl", to: [first.id] }],
        }),
      ],
    },
  },
  {
    what: "an item of text",
    with: {
      items: [...whole.items, another({ type: "mime", mime: Buffer.from("text/plain\0"), parts: secret })],
    },
  },
  {
    what: "a property that describes it",
    with: { items: [{ ...first, properties: [...first.properties, box("udes", "secret")] }, alpha] },
  },
  { what: "a brand that is not of a still picture", with: { brands: ["avif", "avis", "secr"] } },
])("$what is gone, and the picture with its alpha stays", async ({ with: fields }) => {
  const made = rewrapAvif(writeHeif({ ...whole, ...fields }), bare);
  if (!made) throw new Error("its parts do not add up");
  expect(made.includes("secr")).toBe(false);
  const { items, brands } = readHeif(made);
  expect(items.map(({ type }) => type)).toEqual(["av01", "av01"]);
  expect(brands).not.toContain("avis");
  expect((await pixels(made)).equals(await pixels(file))).toBe(true);
});

test("a picture of tiles keeps them, and those that are alike are there once", async () => {
  const [tile] = readHeif(await picture().avif({ effort: 0 }).toBuffer()).items as [HeifItem];
  // ISO 23008-12, 6.6.2.3: version, flags, rows and columns less one, width and height.
  const grid = another({
    type: "grid",
    properties: [box("ispe", "\0\0\0\0\0\0\0\x80\0\0\0\x30")],
    references: [{ type: "dimg", to: [1, 2] }],
    parts: [Buffer.from("0000000100800030", "hex")],
  });
  const items = [{ ...tile, id: 1, isHidden: true }, { ...tile, id: 2, isHidden: true }, grid];
  const tiled = writeHeif({ brands: ["avif", "avif", "mif1"], primary: grid.id, items });
  const made = rewrapAvif(tiled, bare);
  expect(made?.length).toBe(tiled.length);
  const shown = await sharp(made).raw().toBuffer({ resolveWithObject: true });
  expect(shown.info).toMatchObject({ width: 128, height: 48 });
  expect(shown.data.equals(await pixels(tiled))).toBe(true);
});

const chain = Array.from({ length: 12_000 }, (_, index) =>
  another({ id: index + 1, references: [{ type: "dimg", to: [index + 2] }], parts: [], properties: [] }),
);
/** Items of which each is all of the file but for a few bytes. */
function overAndOver(): Buffer {
  const made = writeHeif({
    ...whole,
    items: [first, alpha, ...Array.from({ length: 9 }, (_, id) => another({ id: id + 10 }))],
  });
  const places = made.indexOf("iloc") + 12;
  for (let index = 0; index < 11; index += 1) {
    made.writeUInt32BE(index, places + index * 14 + 6);
    made.writeUInt32BE(made.length - 100, places + index * 14 + 10);
  }
  return made;
}

/** Of the primary picture, in two places. */
function withManyProperties(): Buffer {
  const properties = Array.from({ length: 200 }, () => box("pixi", "\0\0\0\0\x01\x08"));
  const made = writeHeif({
    ...whole,
    items: [
      { ...first, properties },
      { ...alpha, properties },
    ],
  });
  // The number of the second item follows the 200 numbers of two bytes of the first.
  const secondAt = made.indexOf("ipma") + 12 + 3 + 400;
  made.writeUInt16BE(1, secondAt);
  return made;
}

test.each([
  {
    what: "that needs a property nobody knows",
    of: writeHeif({
      ...whole,
      items: [
        { ...first, properties: [...first.properties, { ...box("udes", ""), isEssential: true }] },
        alpha,
      ],
    }),
  },
  {
    what: "whose primary picture is coded otherwise",
    of: writeHeif({ ...whole, items: [{ ...first, type: "hvc1" }, alpha] }),
  },
  { what: "whose items are the same bytes over and over", of: overAndOver() },
  {
    what: "of pictures within pictures without end",
    of: writeHeif({ ...whole, primary: 1, items: [...chain, another({ id: 12_001, type: "hvc1" })] }),
  },
  { what: "of more properties than a file tells of in one place", of: withManyProperties() },
  { what: "that is cut", of: file.subarray(0, 500) },
  { what: "that is something else", of: await picture().jpeg().toBuffer() },
])("an AVIF $what is left alone", ({ of }) => {
  expect(rewrapAvif(of, bare)).toBeUndefined();
});
