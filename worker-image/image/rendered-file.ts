import sharp, { type Sharp } from "sharp";
import type { ImageOutput } from "../../crds/outputs/image.ts";
import type { EngineContext } from "../engine.ts";
import { hasOwnColours, withOwnColours } from "./decode-settings.ts";
import { encode } from "./encoder.ts";
import { finishedKey } from "./finished-size.ts";
import { applyGeometry, checkRegion } from "./geometry.ts";
import type { ImageSource } from "./image-source.ts";
import { type JpegSegment, joinJpeg, splitJpeg } from "./jpeg-segments.ts";
import { measureLevels } from "./levels.ts";
import { neededBytes, refuseTooLarge } from "./memory.ts";
import { applyMetadata, keptIptc } from "./metadata.ts";
import type { OverlayImages } from "./overlay-images.ts";
import { compositionOf, shapeMask } from "./overlays.ts";
import { qualityNumber } from "./quality.ts";
import type { RenderedFile, Rendering } from "./rendering.ts";
import { searchSize } from "./size-search.ts";
import { viewOf } from "./source-view.ts";
import { applyTone } from "./tone.ts";
import { renderUntouched, staysUntouched } from "./untouched/untouched.ts";

/** Longest time for one pipeline; an image made to be slow ends alone and not with its unit. */
const PIPELINE_SECONDS_MAX = 300;

/**
 * The bytes of one rendering. One pass from decode to encode where that is possible; what needs to know the
 * finished size, or to encode several times, works on the finished pixels in memory.
 */
export async function renderFile(
  image: ImageSource,
  rendering: Rendering,
  {
    pixels,
    overlays,
    finished,
    context,
  }: { pixels: () => Sharp; overlays: OverlayImages; finished: FinishedPixels; context: EngineContext },
): Promise<RenderedFile> {
  const { settings, format } = rendering;
  checkRegion(rendering, image);
  if (await staysUntouched(image, rendering)) {
    const untouched = await renderUntouched(image, rendering);
    if (untouched) return untouched;
    // Nobody could tell before that it has to be made anew, which takes more.
    const view = await viewOf(image, settings);
    const { oneByOneBytes } = neededBytes(image, [{ rendering, view, pixels: "own" }]);
    refuseTooLarge(image, oneByOneBytes, { limitBytes: context.limits.memoryBytes });
  }
  const from = await finished.of(rendering, () => render(rendering, { pixels, overlays }));
  const finish = async (quality = settings.quality): Promise<RenderedFile> => {
    context.signal.throwIfAborted();
    const pipeline = await applyMetadata(encode(from(), rendering, quality), settings, image);
    const file = await pipeline
      .timeout({ seconds: PIPELINE_SECONDS_MAX })
      .toBuffer({ resolveWithObject: true });
    return format === "jpeg" ? withIptc(file, keptIptc(image, settings)) : file;
  };
  const isLossy = format === "jpeg" || format === "webp" || format === "avif";
  if (settings.maxBytes === undefined || !isLossy) return await finish();
  const { maxBytes } = settings;
  return await searchSize({ maxBytes, quality: qualityNumber(format, settings.quality) }, finish);
}

/** libvips writes no IPTC; so it goes in beside the other metadata once the picture is encoded. */
function withIptc(file: RenderedFile, iptc: JpegSegment | undefined): RenderedFile {
  const parts = iptc && splitJpeg(file.data);
  if (!iptc || !parts) return file;
  const data = joinJpeg({ ...parts, segments: [...parts.segments, iptc] });
  return { data, info: { ...file.info, size: data.length } };
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
    const key = finishedKey(rendering);
    if (key === undefined) return await start();
    const make = async () => (await keepPixels((await start())(), rendering.settings)).open;
    const kept = this.#kept?.get(key) ?? make();
    this.#kept?.set(key, kept);
    return await kept;
  }
}

/** The steps up to the encoder. */
async function render(
  rendering: Rendering,
  { pixels, overlays }: { pixels: () => Sharp; overlays: OverlayImages },
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
  const layers = await compositionOf(settings.overlays ?? [], { base, images: overlays });
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
