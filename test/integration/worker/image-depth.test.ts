import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { colourAt, deltaE, RED } from "../../worker/pictures.ts";
import { makeVolume, type WorkerVolume } from "../../worker/run-worker.ts";
import { image, type PictureMaker, type PictureRun, pictureMaker } from "./image-workshop.ts";

/** Colours of pictures whose depth is another than their source's, whatever is done to them on the way. */

const STEPS = {
  plain: {},
  mirrored: { flip: true },
  turned: { rotate: 90 },
  "by-attention": { width: 50, height: 50, position: "attention" },
  evened: { clahe: { width: 300, height: 300, maxSlope: 1 } },
  laid: { overlays: [{ text: { text: "a", size: 6 }, gravity: "southeast" }] },
  several: { formats: ["tiff"] },
};
const LOOKS = {
  default: {},
  stripped: { metadata: "Strip" },
  all: { metadata: "Keep" },
  kept: { colourspace: "keep" },
  p3: { colourspace: "p3" },
};
type Look = keyof typeof LOOKS;
const SOURCES = ["srgb", "p3", "deep-srgb", "deep-p3", "cmyk"] as const;

let volume: WorkerVolume;
let make: PictureMaker;
beforeAll(async () => {
  volume = await makeVolume();
  make = pictureMaker(volume);
  const [r, g, b] = RED;
  const flat = () => sharp({ create: { width: 90, height: 60, channels: 3, background: { r, g, b } } });
  const wide = await flat().withIccProfile("p3").png().toBuffer();
  const sources: Record<(typeof SOURCES)[number], Sharp> = {
    srgb: flat().withIccProfile("srgb").png(),
    p3: sharp(wide).withIccProfile("p3").jpeg({ quality: 100 }),
    "deep-srgb": flat().toColourspace("rgb16").withIccProfile("srgb").png(),
    "deep-p3": sharp(wide).toColourspace("rgb16").withIccProfile("p3").tiff(),
    cmyk: flat().toColourspace("cmyk").withIccProfile("cmyk").jpeg({ quality: 100 }),
  };
  for (const [name, picture] of Object.entries(sources))
    await volume.put(`in/${name}`, await picture.toBuffer());
});
afterAll(() => volume.remove());

const iccOf = async (file: string | Buffer): Promise<string> =>
  (await sharp(file).metadata()).icc?.toString("latin1") ?? "";

const named = { srgb: "", p3: "" };
beforeAll(async () => {
  for (const name of ["srgb", "p3"] as const) {
    const black = sharp({ create: { width: 1, height: 1, channels: 3, background: "#000000" } });
    named[name] = await iccOf(await black.withIccProfile(name).png().toBuffer());
  }
});

/** The profile that such a file has: its source's, unless its colours are others. */
async function profileOf(source: string, look: Look): Promise<string> {
  if (look === "stripped") return "";
  const isOwn = look === "kept" && source !== "cmyk";
  if (isOwn) return await iccOf(volume.path(`in/${source}`));
  return named[look === "p3" ? "p3" : "srgb"];
}

describe.each([8, 16])("of %i bits", (bitDepth) => {
  let run: PictureRun;
  beforeAll(async () => {
    const outputs = Object.entries(STEPS).flatMap(([step, fields]) =>
      Object.entries(LOOKS).map(([look, more]) =>
        image(`${step}-${look}`, { ...(bitDepth === 16 && { bitDepth }), ...fields, ...more }),
      ),
    );
    const sources = Object.fromEntries(SOURCES.map((name) => [name, `in/${name}`]));
    run = await make(`depth-${bitDepth}`, sources, outputs);
  }, 60_000);

  const cells = SOURCES.flatMap((source) => Object.keys(STEPS).map((step) => ({ source, step })));
  test.each(cells)("$source, $step, has its colours and says so", async ({ source, step }) => {
    for (const look of Object.keys(LOOKS) as Look[]) {
      const file = volume.path(`depth-${bitDepth}/${source}/${step}-${look}.png`);
      const { icc, depth } = await sharp(file).metadata();
      expect(depth).toBe(bitDepth === 16 ? "ushort" : "uchar");
      const profile = icc?.toString("latin1") ?? "";
      expect(profile, look).toBe(await profileOf(source, look));
      // libvips would take 16 bits without a label for P3; 8 bits of sRGB need not be made that, which takes 10 ms.
      const isPlain = profile === "" || (bitDepth === 8 && profile === named.srgb);
      const labelled = isPlain ? sharp(file) : sharp(file).withIccProfile("srgb");
      const seen = await labelled.removeAlpha().toColourspace("srgb").png({ compressionLevel: 0 }).toBuffer();
      // CMYK cannot hold that red: what it holds is 12 away, and 14 by way of P3.
      const limit = source === "cmyk" ? 15 : 3;
      expect(deltaE(await colourAt(seen, 0.4, 0.4), RED), look).toBeLessThan(limit);
    }
  });

  test("nothing fails", () => expect(run.result.failures).toEqual([]));
});
