import sharp, { type Sharp } from "sharp";
import type { ImageOutput } from "../../crds/outputs/image.ts";
import type { EngineContext } from "../engine.ts";
import { hasOwnColours, withOwnColours } from "./decode-settings.ts";
import { carryMetadata, withMetadata } from "./encoded-metadata.ts";
import { encode } from "./encoder.ts";
import { applyGeometry, checkRegion } from "./geometry.ts";
import type { ImageSource } from "./image-source.ts";
import { measureLevels } from "./levels.ts";
import { neededBytes, refuseTooLarge } from "./memory.ts";
import { applyLabels, keptMetadata } from "./metadata.ts";
import { compositionOf, shapeMask } from "./overlays.ts";
import { qualityNumber } from "./quality.ts";
import { FILE_KINDS, type RenderedFile, type Rendering } from "./rendering.ts";
import { searchSize } from "./size-search.ts";
import { applyTone } from "./tone.ts";
import { renderUntouched, staysUntouched } from "./untouched.ts";

/** Longest time for one pipeline; an image made to be slow ends alone and not with its unit. */
const PIPELINE_SECONDS_MAX = 300;

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
    const file = await pipeline
      .timeout({ seconds: PIPELINE_SECONDS_MAX })
      .toBuffer({ resolveWithObject: true });
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
  const turn = rightAngle(settings.rotate);
  let from = (): Sharp => applyTone(applyGeometry(pixels(), rendering), settings, levels);
  if (turn !== undefined) {
    // libvips crops to the asked size after it turned; here the finished size is what turns.
    const upright = applyGeometry(pixels(), { ...rendering, settings: withoutTurn(settings) });
    const resized = await keepPixels(upright, settings);
    const rest = { ...rendering, width: undefined, height: undefined, settings: onlyExtend(settings) };
    from = () => applyTone(applyGeometry(resized.open().rotate(turn), rest), settings, levels);
  }
  if (!settings.overlays && !settings.shape) return from;
  const base = await keepPixels(from(), settings);
  const { source } = image.opened;
  const layers = await compositionOf(settings.overlays ?? [], { base, source, context });
  if (settings.shape) layers.push(shapeMask(settings.shape, base));
  return (await keepPixels(base.open().ensureAlpha().composite(layers), settings)).open;
}

/** Finished pixels, from which several pipelines may start. */
interface Pixels {
  width: number;
  height: number;
  open: () => Sharp;
}

/** Raw for plain sRGB; in a PNG that is not compressed where depth, profile or metadata must come along. */
async function keepPixels(pipeline: Sharp, settings: ImageOutput): Promise<Pixels> {
  pipeline.timeout({ seconds: PIPELINE_SECONDS_MAX });
  if (hasOwnColours(settings)) {
    const { data, info } = await pipeline.png({ compressionLevel: 0 }).toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, open: () => withOwnColours(sharp(data), settings) };
  }
  const { data, info } = await pipeline.toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return { width: info.width, height: info.height, open: () => sharp(data, { raw }) };
}

/** 90, 180 or 270 degrees clockwise; undefined for any other angle and for none. */
function rightAngle(degrees: number | undefined): number | undefined {
  const turned = (((degrees ?? 0) % 360) + 360) % 360;
  return turned !== 0 && turned % 90 === 0 ? turned : undefined;
}

/** The geometry up to the resized, mirrored image. */
const withoutTurn = ({ rotate, extend, ...settings }: ImageOutput): ImageOutput => settings;

/** What is left of the geometry once an image is resized and turned. */
const onlyExtend = ({ format, fit, position, background, flatten, extend }: ImageOutput): ImageOutput => ({
  ...{ format, fit, position },
  ...(background !== undefined && { background }),
  ...(flatten !== undefined && { flatten }),
  ...(extend && { extend }),
});
