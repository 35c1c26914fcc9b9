import sharp, { type Sharp } from "sharp";
import { describe, expect, test } from "vitest";
import { rewrapAvif } from "./avif.ts";
import { rewrapPng } from "./png.ts";
import type { Beside, Rewrap } from "./rewrap.ts";
import { rewrapWebp } from "./webp.ts";

const gradient = Buffer.from(Array.from({ length: 64 * 48 * 3 }, (_, index) => (index * 7) % 256));
const picture = () => sharp(gradient, { raw: { width: 64, height: 48, channels: 3 } });
const tagged = () =>
  picture()
    .withExif({ IFD0: { Artist: "Ann" }, IFD3: { GPSLatitude: "52/1 30/1 0/1" } })
    .withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'>remark</x:xmpmeta>")
    .withIccProfile("p3");
const frames = await Promise.all([picture(), picture().negate()].map((frame) => frame.png().toBuffer()));
const moving = sharp(frames, { join: { animated: true } });

const kinds: Record<string, { pipeline: Sharp; rewrap: Rewrap }> = {
  PNG: { pipeline: picture().png(), rewrap: rewrapPng },
  "interlaced PNG with alpha": {
    pipeline: picture().ensureAlpha(0.4).png({ progressive: true }),
    rewrap: rewrapPng,
  },
  "PNG of few colours": { pipeline: picture().png({ palette: true, colours: 8 }), rewrap: rewrapPng },
  "PNG with everything": { pipeline: tagged().png(), rewrap: rewrapPng },
  WebP: { pipeline: picture().webp(), rewrap: rewrapWebp },
  "lossless WebP with alpha": {
    pipeline: picture().ensureAlpha(0.4).webp({ lossless: true }),
    rewrap: rewrapWebp,
  },
  "lossy WebP with alpha": { pipeline: picture().ensureAlpha(0.4).webp(), rewrap: rewrapWebp },
  "animated WebP": { pipeline: moving.webp({ delay: [80, 120], loop: 3 }), rewrap: rewrapWebp },
  "WebP with everything": { pipeline: tagged().webp(), rewrap: rewrapWebp },
  AVIF: { pipeline: picture().avif({ effort: 0 }), rewrap: rewrapAvif },
  "lossless AVIF with alpha": {
    pipeline: picture().ensureAlpha(0.4).avif({ effort: 0, lossless: true }),
    rewrap: rewrapAvif,
  },
  "AVIF with everything": { pipeline: tagged().ensureAlpha(0.4).avif({ effort: 0 }), rewrap: rewrapAvif },
};

const EXIF = await exifOf(
  picture()
    .withExif({ IFD0: { Copyright: "(c) Ann" } })
    .jpeg(),
);
const XMP = Buffer.from("<x:xmpmeta xmlns:x='adobe:ns:meta/'>seen</x:xmpmeta>");
const none = { exif: undefined, xmp: undefined, iptc: undefined };

async function exifOf(pipeline: Sharp): Promise<Buffer> {
  const { exif } = await sharp(await pipeline.toBuffer()).metadata();
  return exif?.subarray(6) ?? Buffer.alloc(0);
}

describe.each(Object.entries(kinds))("a %s", (_, { pipeline, rewrap }) => {
  const made = pipeline.toBuffer({ resolveWithObject: true });
  const wrapped = async (beside: Partial<Beside>) => {
    const { data, info } = await made;
    const file = rewrap(data, { metadata: none, profile: false, alpha: info.channels === 4, ...beside });
    if (!file) throw new Error("its parts do not add up");
    return file;
  };
  const pixels = (file: Buffer) => sharp(file, { animated: true, ignoreIcc: true }).raw().toBuffer();

  test("shows the same pixels and frames with nothing beside it", async () => {
    const { data } = await made;
    const bare = await wrapped({});
    expect((await pixels(bare)).equals(await pixels(data))).toBe(true);
    const [was, is] = await Promise.all(
      [data, bare].map((each) => sharp(each, { animated: true }).metadata()),
    );
    for (const field of ["hasAlpha", "pages", "delay", "loop", "isProgressive", "isPalette"] as const)
      expect(is?.[field], field).toEqual(was?.[field]);
    for (const field of ["exif", "xmp", "icc"] as const) expect(is?.[field], field).toBeUndefined();
    expect(bare.includes("Ann")).toBe(false);
  });

  test("takes EXIF and XMP that are given", async () => {
    const { exif, xmpAsString } = await sharp(
      await wrapped({ metadata: { ...none, exif: EXIF, xmp: XMP } }),
    ).metadata();
    expect(exif?.includes("(c) Ann")).toBe(true);
    expect(exif?.includes("GPS")).toBe(false);
    expect(xmpAsString).toContain("seen");
  });

  test("keeps all its own when all is to stay, and what came after its end is gone", async () => {
    const { data } = await made;
    const whole = rewrap(Buffer.concat([data, Buffer.from("PK\x03\x04<script>")]), {
      ...{ metadata: undefined, profile: true, alpha: false },
    });
    const [was, is] = await Promise.all([data, whole].map((each) => sharp(each).metadata()));
    expect(whole?.includes("script")).toBe(false);
    expect(is?.xmpAsString).toBe(was?.xmpAsString);
    expect([is?.exif?.length, is?.icc?.length]).toEqual([was?.exif?.length, was?.icc?.length]);
  });

  test("cut anywhere is not put together again", async () => {
    const { data } = await made;
    for (let length = 0; length < data.length - 1; length += 7) {
      const file = rewrap(data.subarray(0, length), { metadata: none, profile: false, alpha: false });
      expect(file, `${length} bytes`).toBeUndefined();
    }
  });
});

test("a PNG with a critical chunk that nobody knows is left alone", async () => {
  const file = await picture().png().toBuffer();
  const strange = Buffer.from("\0\0\0\0ABCD\xdb\x17\x20\xa5", "latin1");
  const added = Buffer.concat([file.subarray(0, 33), strange, file.subarray(33)]);
  expect(rewrapPng(added, { metadata: none, profile: false, alpha: false })).toBeUndefined();
});
