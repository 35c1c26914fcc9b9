import type { Sharp } from "sharp";
import type { EngineContext } from "../engine.ts";
import { carryMetadata, withMetadata } from "./encoded-metadata.ts";
import { encode } from "./encoder.ts";
import { checkRegion } from "./geometry.ts";
import type { ImageSource } from "./image-source.ts";
import { keepPixels } from "./kept-pixels.ts";
import { measureLevels } from "./levels.ts";
import { neededBytes, refuseTooLarge } from "./memory.ts";
import { applyLabels, keptMetadata } from "./metadata.ts";
import { compositionOf, shapeMask } from "./overlays.ts";
import { place } from "./placing.ts";
import { qualityNumber } from "./quality.ts";
import { FILE_KINDS, type RenderedFile, type Rendering } from "./rendering.ts";
import { searchSize } from "./size-search.ts";
import { applyTone } from "./tone.ts";
import { renderUntouched, staysUntouched } from "./untouched.ts";

/**
 * The bytes of one rendering. One pass from decode to encode where that is possible; what needs to know the
 * finished size, or to encode several times, works on the finished pixels in memory.
 */
export async function renderFile(
  image: ImageSource,
  rendering: Rendering,
  { pixels, finished, context }: { pixels: () => Sharp; finished: FinishedPixels; context: EngineContext },
): Promise<RenderedFile> {
  const { settings, format } = rendering;
  checkRegion(rendering, image);
  if (await staysUntouched(image, rendering)) {
    const untouched = await renderUntouched(image, rendering);
    if (untouched) return untouched;
    // Nobody could tell before that it has to be made anew, which takes more.
    refuseTooLarge(image, neededBytes(image, [rendering]).oneByOneBytes, context.limits.memoryBytes);
  }
  const from = await finished.of(rendering, () => render(image, rendering, { pixels, context }));
  const kept = await keptMetadata(image, settings);
  const finish = async (quality = settings.quality): Promise<RenderedFile> => {
    context.signal.throwIfAborted();
    const pipeline = applyLabels(encode(from(), rendering, quality), settings, image);
    if (kept) carryMetadata(pipeline, format, kept);
    const file = await pipeline.toBuffer({ resolveWithObject: true });
    return kept ? withMetadata(file, format, kept) : file;
  };
  const isLossy = format === "jpeg" || format === "webp" || format === "avif";
  if (settings.maxBytes === undefined || !isLossy) return await finish();
  const { maxBytes } = settings;
  return await searchSize({ maxBytes, quality: qualityNumber(format, settings.quality) }, finish);
}

/**
 * Pixels that several formats of one size are encoded from: resizing once costs less than once a format.
 * Whether they are kept depends on the spec alone; `isKept` false makes the same ones anew for each format,
 * where there is no memory to hold them.
 */
export class FinishedPixels {
  readonly #kept: Map<string, Promise<() => Sharp>> | undefined;

  constructor({ isKept }: { isKept: boolean }) {
    this.#kept = isKept ? new Map() : undefined;
  }

  async of(rendering: Rendering, start: () => Promise<() => Sharp>): Promise<() => Sharp> {
    const { settings } = rendering;
    const isEncodedOften = settings.formats !== undefined || settings.maxBytes !== undefined;
    if (!isEncodedOften || settings.animated) return await start();
    const make = async () => (await keepPixels((await start())(), settings)).open;
    const key = sizeKey(rendering);
    const kept = this.#kept?.get(key) ?? make();
    this.#kept?.set(key, kept);
    return await kept;
  }
}

/** Formats with and without alpha differ in what fills a letterbox, where the spec does not say. */
function sizeKey({ output, width, height, format, settings }: Rendering): string {
  const isFilled =
    settings.background === undefined &&
    (settings.fit === "contain" || settings.rotate !== undefined || settings.extend !== undefined);
  return `${output} ${width} ${height} ${isFilled && FILE_KINDS[format].hasAlpha}`;
}

/** The steps up to the encoder. */
async function render(
  image: ImageSource,
  rendering: Rendering,
  { pixels, context }: { pixels: () => Sharp; context: EngineContext },
): Promise<() => Sharp> {
  const { settings } = rendering;
  const levels = settings.enhance && (await measureLevels(pixels()));
  const toned = await applyTone(await place(image, rendering, pixels), settings, levels);
  if (!settings.overlays && !settings.shape) return toned;
  const base = await keepPixels(toned(), settings);
  const layers = await compositionOf(settings.overlays ?? [], { base, source: image.opened.source, context });
  if (settings.shape) layers.push(shapeMask(settings.shape, base.size));
  return (await keepPixels(base.open().ensureAlpha().composite(layers), settings)).open;
}
