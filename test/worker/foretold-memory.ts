import { join } from "node:path";
import sharp from "sharp";
import { expect } from "vitest";
import { imageOutput } from "../../crds/outputs/image.ts";
import { KeptPictures } from "./kept-pictures.ts";
import { drawing, noise, photo, twoPages } from "./pictures.ts";
import { aUnit, from, runWorker, type WorkerVolume } from "./run-worker.ts";

/**
 * The memory that a header foretells, against the peak that the kernel measured: never less, since the kernel
 * would end the unit; and not much more, since nodes are paid for.
 */
const OVER_MAX = 2.5;
const MIB = 2 ** 20;

/** Pictures that need very different amounts, by name; the number is of megapixels. */
export const MEMORY_SOURCES = [
  ...["jpeg-24", "jpeg-24-progressive", "jpeg-24-turned", "png-12", "png-12-interlaced", "png-6-deep"],
  ...["webp-12", "avif-6", "gif-6", "tiff-12", "svg"],
] as const;

type Image = Record<string, unknown>;

export const MEMORY_OUTPUTS = {
  thumbnail: { format: "webp", width: 320, height: 320, position: "attention" },
  whole: { format: "jpeg" },
  avif: { format: "avif", width: 1600, effort: 1 },
  set: { format: "webp", widths: [400, 800, 1600], formats: ["avif"], effort: 1 },
} as const satisfies Record<string, Image>;

export interface MemoryRow {
  source: string;
  outputs: readonly Image[];
}

const tiny = (fields: Image = {}): Image => ({ format: "webp", width: 100, ...fields });
const laid = (path: string, fields: Image = {}) => ({ image: { path: `in/${path}`, ...fields } });

/** What takes more than the size of a source and of a file tells, by name. */
export const MEMORY_CASES: Record<string, MemoryRow> = {
  "a strip by attention": {
    source: "png-36",
    outputs: [{ format: "jpeg", width: 6000, height: 100, position: "attention" }],
  },
  "a strip by entropy": {
    source: "png-36",
    outputs: [{ format: "jpeg", width: 6000, height: 100, position: "entropy" }],
  },
  "strips from one decode": {
    source: "png-36",
    outputs: [100, 200].map((height) => ({ format: "jpeg", width: 6000, height, position: "attention" })),
  },
  "a blurred picture": { source: "png-36", outputs: [{ format: "jpeg", width: 5000, blur: 3 }] },
  "edges that mirror": {
    source: "png-36",
    outputs: [{ format: "jpeg", width: 5000, extend: { top: 50, extendWith: "mirror" } }],
  },
  "decodes beside one that is shared": {
    source: "jpeg-24-progressive",
    outputs: [
      ...[tiny(), tiny({ width: 90 }), tiny({ metadata: "Keep" }), tiny({ width: 80, metadata: "Keep" })],
      ...[tiny({ keepMetadata: ["Icc"] }), tiny({ colourspace: "p3" })],
    ],
  },
  "a large picture laid on a small one": {
    source: "dot",
    outputs: [{ format: "png", overlays: [laid("jpeg-24-progressive", { width: 10 })] }],
  },
  "a large turned picture laid on a small one": {
    source: "dot",
    outputs: [{ format: "png", overlays: [laid("jpeg-24-turned", { width: 10 })] }],
  },
  "eight layers as large as the picture": {
    source: "png-12",
    outputs: [{ format: "jpeg", overlays: Array.from({ length: 8 }, () => laid("png-12")) }],
  },
  "a long text": {
    source: "png-12",
    outputs: [{ format: "jpeg", overlays: [{ text: { text: "Words ".repeat(80), size: 200 } }] }],
  },
  "layers in several formats": {
    source: "png-12",
    outputs: [{ format: "jpeg", formats: ["webp"], overlays: [laid("webp-12"), laid("tiff-12")] }],
  },
  "a page that is larger than the first": {
    source: "tiff-of-two",
    outputs: [{ format: "jpeg", page: 1 }],
  },
  "all colours of noise at the best quality": {
    source: "noise-12",
    outputs: [{ format: "jpeg", quality: 100, chromaSubsampling: "4:4:4" }],
  },
  "all colours of noise by mozjpeg": {
    source: "noise-12",
    outputs: [{ format: "jpeg", quality: 100, chromaSubsampling: "4:4:4", mozjpeg: true }],
  },
  "noise by mozjpeg": { source: "noise-12", outputs: [{ format: "jpeg", quality: 100, mozjpeg: true }] },
  "all colours of a picture by mozjpeg": {
    source: "png-12",
    outputs: [{ format: "jpeg", quality: 20, chromaSubsampling: "4:4:4", mozjpeg: true }],
  },
  "every pixel as WebP": { source: "png-12", outputs: [{ format: "webp", lossless: true }] },
  "nearly every pixel of noise as WebP": {
    source: "noise-12",
    outputs: [{ format: "webp", nearLossless: true, effort: 1 }],
  },
  "a clear picture as WebP": { source: "png-12-clear", outputs: [{ format: "webp" }] },
  "a palette for noise": { source: "noise-4", outputs: [{ format: "png", palette: {} }] },
  "a palette for a photo": { source: "png-12", outputs: [{ format: "png", palette: {}, effort: 5 }] },
  "noise as GIF": { source: "noise-4", outputs: [{ format: "gif" }] },
  "a small picture in a large box": {
    source: "dot",
    outputs: [{ format: "webp", width: 5000, height: 5000, fit: "contain", withoutEnlargement: true }],
  },
  "trimmed pixels that are multiplied": {
    source: "png-12",
    outputs: [{ format: "jpeg", trim: {}, upscale: 2 }],
  },
  "trimmed pixels of 16 bits that are multiplied": {
    source: "png-6-deep",
    outputs: [{ format: "png", bitDepth: 16, trim: {}, upscale: 2 }],
  },
  "specks of what was trimmed": { source: "png-36", outputs: [{ format: "jpeg", trim: {}, median: 3 }] },
  "light evened in 16 bits": {
    source: "png-6-deep",
    outputs: [{ format: "png", bitDepth: 16, clahe: { width: 8, height: 8 } }],
  },
  "light of wide colours evened": {
    source: "png-12",
    outputs: [{ format: "jpeg", colourspace: "p3", trim: {}, clahe: { width: 8, height: 8 } }],
  },
  "a picture on its side": { source: "png-12", outputs: [{ format: "jpeg", grayscale: true, rotate: 90 }] },
  "a picture at an angle": { source: "png-12", outputs: [{ format: "jpeg", rotate: 30 }] },
  "a layer on 16 bits": {
    source: "png-6-deep",
    outputs: [{ format: "png", bitDepth: 16, overlays: [laid("dot")] }],
  },
  "a shape cut of 16 bits": {
    source: "png-6-deep",
    outputs: [{ format: "png", bitDepth: 16, shape: { circle: {} } }],
  },
  "a clear picture, negated and laid on its background": {
    source: "png-12-clear",
    outputs: [{ format: "jpeg", negate: true }],
  },
  "a JPEG that stays as it is coded": { source: "jpeg-24-progressive", outputs: [{ format: "jpeg" }] },
  "a PNG that stays as it is coded": { source: "png-12", outputs: [{ format: "png" }] },
  "an AVIF that stays as it is coded": { source: "avif-6", outputs: [{ format: "avif" }] },
  "an AVIF of 10 bits that stays so": { source: "avif-6-deep", outputs: [{ format: "avif" }] },
  "a turned picture as it is stored": {
    source: "jpeg-turned-long",
    outputs: [{ format: "jpeg", width: 2000, autoOrient: false }],
  },
};

/** Writes sources to `in/` of a volume: those that are named, else all. */
export async function putMemorySources(volume: WorkerVolume, wanted?: readonly string[]): Promise<void> {
  const kept = new KeptPictures([import.meta.filename, join(import.meta.dirname, "pictures.ts")]);
  let large: ReturnType<typeof drawLarge> | undefined;
  const files = memorySources(() => (large ??= drawLarge()));
  for (const [name, draw] of Object.entries(files))
    if (wanted?.includes(name) ?? true) await volume.put(`in/${name}`, await kept.get(name, draw));
}

const drawLarge = async () => (await photo(24)).removeAlpha().raw().toBuffer({ resolveWithObject: true });

/** How each source is drawn, of one large photo. */
function memorySources(
  largePhoto: () => ReturnType<typeof drawLarge>,
): Record<string, () => Promise<Buffer>> {
  const large = async () => {
    const { data, info } = await largePhoto();
    const { width, height, channels } = info;
    return sharp(data, { raw: { width, height, channels } });
  };
  const of = async (megapixels: number) =>
    (await large()).resize(Math.round(Math.sqrt(megapixels * 1.5e6) / 16) * 16);
  const shaped = async (size: { width: number; height: number }) =>
    (await large()).resize({ ...size, fit: "fill" });
  return {
    "jpeg-24": async () => (await of(24)).jpeg().toBuffer(),
    "jpeg-24-progressive": async () => (await of(24)).jpeg({ progressive: true }).toBuffer(),
    "jpeg-24-turned": async () => (await of(24)).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    "png-12": async () => (await of(12)).png({ compressionLevel: 1 }).toBuffer(),
    "png-12-clear": async () => (await of(12)).ensureAlpha(0.5).png({ compressionLevel: 1 }).toBuffer(),
    "png-12-interlaced": async () =>
      (await of(12)).png({ compressionLevel: 1, progressive: true }).toBuffer(),
    "png-6-deep": async () => (await of(6)).toColourspace("rgb16").png({ compressionLevel: 1 }).toBuffer(),
    "webp-12": async () => (await of(12)).webp({ effort: 0 }).toBuffer(),
    "avif-6": async () => (await of(6)).avif({ effort: 0 }).toBuffer(),
    "avif-6-deep": async () => (await of(6)).avif({ effort: 0, bitdepth: 10 }).toBuffer(),
    "gif-6": async () => (await of(6)).gif({ effort: 1, colours: 8, dither: 0 }).toBuffer(),
    "tiff-12": async () => (await of(12)).tiff({ compression: "deflate" }).toBuffer(),
    svg: async () => Buffer.from(drawing({ width: 2000, height: 1500 })),
    dot: async () => (await shaped({ width: 40, height: 40 })).png().toBuffer(),
    "png-36": async () =>
      (await shaped({ width: 6000, height: 6000 })).png({ compressionLevel: 1 }).toBuffer(),
    "jpeg-turned-long": async () =>
      (await shaped({ width: 1000, height: 10_000 })).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    "noise-12": () => noise(3500, 3500).png({ compressionLevel: 1 }).toBuffer(),
    "noise-4": () => noise(2000, 2000).png({ compressionLevel: 1 }).toBuffer(),
    "tiff-of-two": async () => twoPages(await shaped({ width: 64, height: 64 }), await of(12)),
  };
}

/** Has a worker make the outputs of a source, and compares. */
export async function expectForetold(volume: WorkerVolume, { source, outputs }: MemoryRow): Promise<void> {
  const unit = aUnit({
    family: "image",
    sources: from({ [source]: `in/${source}` }),
    outputs: outputs.map((image, index) => ({ name: `output-${index}`, image: imageOutput.parse(image) })),
    limits: { cpu: 1, memoryBytes: 2 ** 33, scratchBytes: 2 ** 30, timeoutSeconds: 600 },
  });
  // As where it runs for the first time: what Node compiles itself takes 20 MiB.
  const { exitCode, result, manifest } = await runWorker(unit, volume, {
    environment: { NODE_DISABLE_COMPILE_CACHE: "1" },
  });
  expect(exitCode, JSON.stringify(result.failure)).toBe(0);
  const records = manifest?.records as { neededMemoryBytes: number }[] | undefined;
  const foretold = (records?.[0]?.neededMemoryBytes ?? 0) / MIB;
  const used = result.usage.peakMemoryBytes / MIB;
  expect(foretold, `used ${used} MiB`).toBeGreaterThanOrEqual(used);
  expect(foretold, `used ${used} MiB`).toBeLessThanOrEqual(used * OVER_MAX);
}
