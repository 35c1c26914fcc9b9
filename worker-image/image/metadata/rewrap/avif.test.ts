import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { replaceExif } from "./avif.ts";

const gradient = Buffer.from(Array.from({ length: 64 * 48 * 3 }, (_, index) => (index * 7) % 256));
const picture = () => sharp(gradient, { raw: { width: 64, height: 48, channels: 3 } });
const XMP = "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";
const kinds = {
  plain: picture(),
  "with alpha": picture().ensureAlpha(0.4),
  "with alpha, XMP and a profile": picture().ensureAlpha(0.4).withXmp(XMP).withIccProfile("p3"),
  "of a wide picture": picture().resize(4200, 8, { fit: "fill" }),
};

describe.each(Object.entries(kinds))("an AVIF %s", (_, pipeline) => {
  test.each([30, 190, 60_000])("takes %i bytes in place of what libvips wrote", async (length) => {
    const exif = Buffer.concat([Buffer.from("II*\0\x08\0\0\0", "latin1"), Buffer.alloc(length - 8, "Ann ©")]);
    const file = await pipeline
      .clone()
      .withExif({ IFD0: { ImageDescription: "gone" } })
      .avif({ effort: 0 })
      .toBuffer();
    const made = replaceExif(file, exif);
    expect(made.includes("gone")).toBe(false);
    const [was, is] = await Promise.all([file, made].map((each) => sharp(each).metadata()));
    expect(is?.exif?.subarray(6).equals(exif), "after `Exif\\0\\0`").toBe(true);
    expect([is?.xmp, is?.icc]).toEqual([was?.xmp, was?.icc]);
    const [before, after] = await Promise.all([file, made].map((each) => sharp(each).raw().toBuffer()));
    expect(after?.equals(before ?? Buffer.alloc(0))).toBe(true);
  });
});

test.each([
  { name: "an AVIF without EXIF", file: await picture().avif({ effort: 0 }).toBuffer() },
  {
    name: "an AVIF that is cut",
    file: (await picture().withExif({}).avif({ effort: 0 }).toBuffer()).subarray(0, 500),
  },
  { name: "anything else", file: await picture().withExif({}).jpeg().toBuffer() },
])("$name is an error and no wrong file", ({ file }) => {
  expect(() => replaceExif(file, Buffer.alloc(8))).toThrow(/no EXIF/);
});
