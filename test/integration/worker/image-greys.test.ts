import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { colourAt } from "../../worker/pictures.ts";
import { makeVolume, type WorkerVolume } from "../../worker/run-worker.ts";
import { image, type PictureMaker, pictureMaker } from "./image-workshop.ts";

/** Greys whose profile is their own, and greys that are made of colours with a profile. */

let volume: WorkerVolume;
let make: PictureMaker;
beforeAll(async () => {
  volume = await makeVolume();
  make = pictureMaker(volume);
});
afterAll(() => volume.remove());

const flat = (value: number) =>
  sharp({ create: { width: 90, height: 60, channels: 3, background: { r: value, g: value, b: value } } });

/** A profile of greys with that gamma (ICC.1:2001-04): a header, a table of four tags, and these. */
function greyProfile(gamma: number): Buffer {
  const words = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4);
    values.forEach((value, index) => {
      bytes.writeInt32BE(value, index * 4);
    });
    return bytes;
  };
  const white = words(Math.round(0.9642 * 65_536), 65_536, Math.round(0.8249 * 65_536));
  const kinds = [
    ["desc", Buffer.concat([words(0, 5), Buffer.from("Grey\0"), Buffer.alloc(81)])],
    ["cprt", Buffer.from("\0\0\0\0none\0\0\0\0")],
    ["wtpt", Buffer.concat([words(0), white])],
    ["kTRC", Buffer.concat([words(0, 1), Buffer.from([Math.floor(gamma), (gamma % 1) * 256, 0, 0])])],
  ] as const;
  const types = { desc: "desc", cprt: "text", wtpt: "XYZ ", kTRC: "curv" };
  let at = 128 + 4 + kinds.length * 12;
  const table: Buffer[] = [words(kinds.length)];
  const tags = kinds.map(([name, content]) => {
    const tag = Buffer.concat([Buffer.from(types[name]), content]);
    table.push(Buffer.from(name), words(at, tag.length));
    at += tag.length;
    return tag;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at);
  header.write("lcms\x02\x40\0\0mntrGRAYXYZ ", 4, "latin1");
  header.write("acsp", 36);
  white.copy(header, 68);
  return Buffer.concat([header, ...table, ...tags]);
}

/** A JPEG with a profile after its start (ICC.1:2001-04, B.4). */
function withProfile(jpeg: Buffer, profile: Buffer): Buffer {
  const head = Buffer.from("\xff\xe2\0\0ICC_PROFILE\0\x01\x01", "latin1");
  head.writeUInt16BE(head.length - 2 + profile.length, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, profile, jpeg.subarray(2)]);
}

describe("greys of gamma 1.8", () => {
  const looks = {
    default: {},
    kept: { colourspace: "keep" },
    icc: { keepMetadata: ["Icc"], flip: true },
    p3: { colourspace: "p3" },
    deep: { bitDepth: 16, colourspace: "keep", blur: 1 },
    laid: { colourspace: "keep", overlays: [{ text: { text: "a", size: 6 }, gravity: "southeast" }] },
  };
  const ofDeep = {
    ...looks,
    all: { metadata: "Keep" },
    "deep-plain": { bitDepth: 16 },
    "deep-stored": { bitDepth: 16, metadata: "Keep", autoOrient: false },
    "deep-p3": { bitDepth: 16, colourspace: "p3" },
    "deep-grey": { bitDepth: 16, grayscale: true },
    "deep-lighter": { bitDepth: 16, trim: {}, gamma: 2.2, width: 45 },
    covered: { overlays: [{ image: { path: "in/deep.png" } }] },
  };
  /** (120/255) ** 1.8, written as sRGB. */
  const SEEN = 138.98;

  test("are as bright in every way through the worker", async () => {
    const jpeg = await flat(120).toColourspace("b-w").jpeg({ quality: 100 }).toBuffer();
    await volume.put("in/grey.jpg", withProfile(jpeg, greyProfile(1.8)));
    const outputs = Object.entries(looks).map(([name, fields]) => image(name, fields));
    const run = await make("gamma", { grey: "in/grey.jpg" }, outputs);
    expect(run.result.failures).toEqual([]);
    for (const name of Object.keys(looks)) {
      const seen = await sharp(run.file("grey", name)).toColourspace("srgb").png().toBuffer();
      const [value = 0] = await colourAt(seen, 0.3, 0.3);
      expect(Math.abs(value - SEEN), name).toBeLessThanOrEqual(1);
    }
  });

  test("are so with 16 bits, too, to a tenth of a step of 8", async () => {
    const deep = async (value: number) => {
      const jpeg = await flat(value).toColourspace("b-w").jpeg({ quality: 100 }).toBuffer();
      const labelled = sharp(withProfile(jpeg, greyProfile(1.8)))
        .keepIccProfile()
        .toColourspace("grey16");
      return await labelled
        .withExif({ IFD0: { Artist: "Ann" } })
        .png()
        .toBuffer();
    };
    await volume.put("in/deep.png", await deep(120));
    const pages = sharp([await deep(50), await deep(120)], { join: { animated: true } }).removeAlpha();
    const tiff = pages.keepIccProfile().toColourspace("grey16").tiff({ compression: "lzw" });
    await volume.put("in/pages.tiff", await tiff.toBuffer());
    const outputs = Object.entries(ofDeep).map(([name, fields]) => image(name, fields));
    const run = await make("gamma-16", { deep: "in/deep.png" }, outputs);
    const page = await make("page", { deep: "in/pages.tiff" }, [image("second", { bitDepth: 16, page: 1 })]);
    expect([...run.result.failures, ...page.result.failures]).toEqual([]);
    const files = Object.keys(ofDeep).map((name) => run.file("deep", name));
    for (const file of [...files, page.file("deep", "second")]) {
      const pixels = sharp(file).keepIccProfile().toColourspace("rgb16").raw({ depth: "ushort" });
      const { data, info } = await pixels.toBuffer({ resolveWithObject: true });
      const value = data.readUInt16LE((10 * info.width + 10) * info.channels * 2) / 257;
      const limit = /deep-|second/.test(file) ? 0.1 : 1;
      expect(Math.abs(value - SEEN), file).toBeLessThanOrEqual(limit);
    }
    expect((await sharp(run.file("deep", "deep-stored")).metadata()).exif?.toString("latin1")).toContain(
      "Ann",
    );
  });

  test("stay as they are coded where nothing else is asked for", async () => {
    const run = await make("coded", { grey: "in/grey.jpg" }, [
      image("same", { format: "Auto", colourspace: "keep" }),
    ]);
    expect(await sharp(run.file("grey", "same")).metadata()).toMatchObject({ channels: 1, hasProfile: true });
  });
});

describe.each([8, 16])("colours with a profile that turn grey, of %i bits", (bitDepth) => {
  const steps = {
    mirrored: { flip: true },
    blurred: { blur: 2 },
    tilted: { rotate: 15 },
    "by-attention": { width: 50, height: 50, position: "attention" },
    several: { formats: ["tiff"], flip: true },
  };

  test("are made whatever else is done to them, and have no profile of colours", async () => {
    const wide = await flat(120).withIccProfile("p3").png().toBuffer();
    await volume.put("in/wide.png", wide);
    await volume.put(
      "in/deep.png",
      await sharp(wide).toColourspace("rgb16").withIccProfile("p3").png().toBuffer(),
    );
    const outputs = Object.entries(steps).map(([name, fields]) =>
      image(name, { grayscale: true, colourspace: "keep", ...(bitDepth === 16 && { bitDepth }), ...fields }),
    );
    const run = await make(`turned-${bitDepth}`, { wide: "in/wide.png", deep: "in/deep.png" }, outputs);
    expect(run.result.failures).toEqual([]);
    for (const source of ["wide", "deep"])
      for (const name of Object.keys(steps)) {
        const file = sharp(volume.path(`turned-${bitDepth}/${source}/${name}.png`));
        expect((await file.metadata()).hasProfile, `${source} ${name}`).toBe(false);
        const [value = 0] = await colourAt(await file.toColourspace("srgb").png().toBuffer(), 0.5, 0.5);
        expect(Math.abs(value - 120), `${source} ${name}`).toBeLessThanOrEqual(1);
      }
  });
});
