import sharp from "sharp";
import { expect } from "vitest";
import { drawing, photo } from "./pictures.ts";
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

export const MEMORY_OUTPUTS = {
  thumbnail: { format: "webp", width: 320, height: 320, position: "attention" },
  whole: { format: "jpeg" },
  avif: { format: "avif", width: 1600, effort: 1 },
  set: { format: "webp", widths: [400, 800, 1600], formats: ["avif"], effort: 1 },
} as const;

export interface MemoryRow {
  source: (typeof MEMORY_SOURCES)[number];
  output: keyof typeof MEMORY_OUTPUTS;
}

/** Writes the sources to `in/` of a volume. */
export async function putMemorySources(volume: WorkerVolume): Promise<void> {
  const large = await (await photo(24)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = large.info;
  const of = (megapixels: number) =>
    sharp(large.data, { raw: { width, height, channels } }).resize(
      Math.round(Math.sqrt(megapixels * 1.5e6) / 16) * 16,
    );
  const files: Record<MemoryRow["source"], () => Promise<Buffer>> = {
    "jpeg-24": () => of(24).jpeg().toBuffer(),
    "jpeg-24-progressive": () => of(24).jpeg({ progressive: true }).toBuffer(),
    "jpeg-24-turned": () => of(24).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    "png-12": () => of(12).png({ compressionLevel: 1 }).toBuffer(),
    "png-12-interlaced": () => of(12).png({ compressionLevel: 1, progressive: true }).toBuffer(),
    "png-6-deep": () => of(6).toColourspace("rgb16").png({ compressionLevel: 1 }).toBuffer(),
    "webp-12": () => of(12).webp({ effort: 0 }).toBuffer(),
    "avif-6": () => of(6).avif({ effort: 0 }).toBuffer(),
    "gif-6": () => of(6).gif({ effort: 1 }).toBuffer(),
    "tiff-12": () => of(12).tiff({ compression: "deflate" }).toBuffer(),
    svg: async () => Buffer.from(drawing({ width: 2000, height: 1500 })),
  };
  for (const [name, make] of Object.entries(files)) await volume.put(`in/${name}`, await make());
}

/** Has a worker make an output of a source, and compares. */
export async function expectForetold(volume: WorkerVolume, { source, output }: MemoryRow): Promise<void> {
  const unit = aUnit({
    family: "image",
    sources: from({ [source]: `in/${source}` }),
    outputs: [{ name: output, image: MEMORY_OUTPUTS[output] }],
    limits: { cpu: 1, memoryBytes: 2 ** 33, scratchBytes: 2 ** 30, timeoutSeconds: 120 },
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
