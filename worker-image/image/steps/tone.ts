import type { Sharp } from "sharp";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import { turnsGrey, withOwnColours } from "../read/decode-settings.ts";
import { type Coloured, keepPixels, keepShallow, type Pixels, shallow } from "../read/kept-pixels.ts";
import { parseColour } from "./colour.ts";
import type { Levels } from "./levels.ts";

/** At this strength and above `enhance` removes specks as well: a median softens what is clean. */
const DENOISE_STRENGTH = 0.7;

/** Edge of the square in which `enhance` looks for specks. */
const SPECKS_EDGE = 3;

/** Steps that would change a background, too, if it were laid under what is transparent before them. */
const TONE = [
  ...(["grayscale", "negate", "tint", "normalise", "clahe", "gamma"] as const),
  ...(["modulate", "median", "blur", "sharpen", "enhance"] as const),
] satisfies (keyof ImageOutput)[];

/** Whether a rendering has another tone than its source. */
export const isToned = (settings: ImageOutput): boolean =>
  TONE.some((field) => settings[field] !== undefined && settings[field] !== false);

/** What is done to the light while an image is resized: gamma before and after, greys of what is linear by it. */
export function applyLight(pipeline: Sharp, settings: ImageOutput): Sharp {
  if (settings.gamma !== undefined) pipeline.gamma(settings.gamma);
  if (turnsGrey(settings)) pipeline.grayscale();
  return pipeline;
}

/**
 * Puts the rest of a rendering's tone on pixels that have their place, in libvips' order. `levels` are those of the
 * source, measured for `enhance`. libvips takes no window that is larger than the image; so where that may come to pass
 * the pixels are kept on their way.
 */
export async function applyTone(
  placed: Pixels,
  settings: ImageOutput,
  levels: Levels | undefined,
): Promise<Coloured> {
  const pixels = mayBeOutgrown(settings, placed) ? await keepPixels(placed.open(), settings) : placed;
  const { profile } = pixels;
  const clear = { profile, open: () => applyClearness(pixels, settings, levels) };
  const even = settings.clahe ? await evened(clear.open(), settings, settings.clahe) : clear;
  return { ...even, open: () => applyColour(even.open(), settings) };
}

/**
 * libvips equalises 8 bits alone, and in windows no larger than the image, so the pixels are kept. It would equalise
 * alpha, too: what is equalised takes the place of the colours alone.
 */
async function evened(
  pipeline: Sharp,
  settings: ImageOutput,
  clahe: NonNullable<ImageOutput["clahe"]>,
): Promise<Coloured> {
  const { open, size, profile } = await keepShallow(pipeline, settings);
  const window = { width: Math.min(clahe.width, size.width), height: Math.min(clahe.height, size.height) };
  const even = () => open().clahe({ ...clahe, ...window });
  const hasAlpha = (await open().metadata()).hasAlpha;
  const input = hasAlpha
    ? await even().removeAlpha().toColourspace("srgb").png({ compressionLevel: 0 }).toBuffer()
    : undefined;
  const whole = () => (input ? open().composite([{ input, blend: "in" }]) : even());
  if (settings.bitDepth !== 16) return { profile, open: whole };
  const kept = await keepPixels(whole(), shallow(settings));
  return { profile, open: () => withOwnColours(kept.open(), settings) };
}

/** Whether a window in which a step looks around a pixel may be larger than the image. */
export const mayBeOutgrown = (
  settings: Pick<ImageOutput, "median" | "enhance">,
  { leastEdge }: Pick<Pixels, "leastEdge">,
): boolean => medianOf(settings) > leastEdge;

/** Specks, edges and levels. */
function applyClearness(
  { open, isDeep, size }: Pixels,
  settings: ImageOutput,
  levels: Levels | undefined,
): Sharp {
  const pipeline = open();
  const median = oddWithin(medianOf(settings), size && Math.min(size.width, size.height));
  if (median > 1) pipeline.median(median);
  if (settings.blur !== undefined) pipeline.blur(settings.blur);
  if (settings.modulate) pipeline.modulate(settings.modulate);
  if (settings.sharpen) pipeline.sharpen(settings.sharpen);
  if (settings.normalise) pipeline.normalise(settings.normalise);
  if (settings.enhance && levels) enhance(pipeline, settings.enhance.strength, { levels, isDeep });
  return pipeline;
}

function applyColour(pipeline: Sharp, { tint, negate }: ImageOutput): Sharp {
  if (tint !== undefined) pipeline.tint(parseColour(tint));
  if (negate) pipeline.negate({ alpha: false });
  return pipeline;
}

/** Edge of the square in which specks are looked for; 0 where they stay. */
function medianOf({ median = 0, enhance }: Pick<ImageOutput, "median" | "enhance">): number {
  return enhance && enhance.strength >= DENOISE_STRENGTH ? Math.max(median, SPECKS_EDGE) : median;
}

/** As large as an image lets it be, with a pixel in its middle. */
const oddWithin = (window: number, edge = window): number =>
  window <= edge ? window : edge - ((edge + 1) % 2);

/** Levels stretched as they were measured, and edges sharpened: each by the strength. */
function enhance(
  pipeline: Sharp,
  strength: number,
  { levels: { black, white }, isDeep }: { levels: Levels; isDeep: boolean },
): void {
  if (strength === 0) return;
  const full = 255 / (white - black);
  // sharp adds what it is told to each channel as it is.
  pipeline.linear(1 + strength * (full - 1), -black * full * strength * (isDeep ? 65_535 / 255 : 1));
  pipeline.sharpen({ sigma: 0.5 + strength, m1: 0.5 * strength, m2: 2 * strength });
}
