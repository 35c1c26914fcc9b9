import type { Sharp } from "sharp";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import { leastEdge } from "../memory/finished-size.ts";
import { startingProfile, startsDeep, turnsGrey } from "../read/decode-settings.ts";
import type { ImageSource } from "../read/image-source.ts";
import { keepPixels, type Pixels } from "../read/kept-pixels.ts";
import type { Rendering } from "../rendering.ts";
import { applyGeometry } from "./geometry.ts";
import { backgroundIn } from "./profile.ts";
import { applyLight } from "./tone.ts";

/** libvips trims nothing that is narrower. */
const TRIMMED_EDGE_MIN = 3;

/** Of 16 bits for one of 8: sharp counts a trim's threshold in those of the pixels, unless it is told a background. */
const DEEP_STEPS = 65_535 / 255;

/**
 * The pixels of a rendering in their place: extracted or trimmed, resized, turned, mirrored, extended. One pipeline
 * where libvips' order allows it.
 */
export async function place(
  view: ImageSource,
  rendering: Rendering,
  { decode, scratchDir }: { decode: () => Sharp; scratchDir: string },
): Promise<Pixels> {
  const { wanted, pixels } = await trimmed(view, rendering, decode);
  const { settings } = wanted;
  const background = await backgroundIn(pixels.profile, wanted, scratchDir);
  const turn = rightAngle(settings.rotate);
  if (turn === undefined) {
    const { isDeep, leastEdge, profile } = pixels;
    const open = () => applyLight(applyGeometry(pixels.open(), wanted, background), settings);
    return { isDeep, leastEdge, profile, open };
  }
  // libvips crops to the asked size after it turned; here the finished size is what turns.
  const upright = applyGeometry(pixels.open(), { ...wanted, settings: withoutTurn(settings) }, background);
  const resized = await keepPixels(applyLight(upright, settings), settings);
  const rest = { ...wanted, width: undefined, height: undefined, settings: onlyExtend(settings) };
  const { isDeep, leastEdge, profile } = resized; // the edges that are added make it no shorter
  const around = await backgroundIn(profile, rest, scratchDir);
  return {
    ...{ isDeep, leastEdge, profile },
    open: () => applyGeometry(resized.open().rotate(turn), rest, around),
  };
}

/** The pixels that the geometry starts from, and what is left of it. */
async function trimmed(
  view: ImageSource,
  rendering: Rendering,
  decode: () => Sharp,
): Promise<{ wanted: Rendering; pixels: Pixels }> {
  const { trim: asked, ...settings } = rendering.settings;
  const { isDeepAtFirst, ...pixels } = await startingPixels(view, rendering, decode);
  if (!asked) return { wanted: rendering, pixels };
  const isTooSmall = Math.min(view.width, view.height) < TRIMMED_EDGE_MIN;
  if (isTooSmall) return { wanted: { ...rendering, settings }, pixels };
  const trim = isDeepAtFirst ? { ...asked, threshold: asked.threshold * DEEP_STEPS } : asked;
  if (settings.upscale === undefined)
    return { wanted: { ...rendering, settings: { ...settings, trim } }, pixels };
  // What is to be multiplied is what trimming leaves, which only the pixels tell.
  const kept = await keepPixels(pixels.open().trim(trim), settings);
  return {
    wanted: {
      ...rendering,
      width: kept.size.width * settings.upscale,
      height: kept.size.height * settings.upscale,
      settings,
    },
    pixels: kept,
  };
}

/**
 * The upright pixels. sharp turns a picture after it trimmed it, and would judge by a corner that nobody sees: what is
 * to be trimmed is kept upright first. `isDeepAtFirst` is of the pixels before they turn grey, by way of 8 bits.
 */
async function startingPixels(
  view: ImageSource,
  rendering: Rendering,
  decode: () => Sharp,
): Promise<Pixels & { isDeepAtFirst: boolean }> {
  const { trim, ...settings } = rendering.settings;
  if (trim && (await isTurned(decode(), view, settings))) {
    const upright = await keepPixels(decode(), settings);
    return { ...upright, isDeepAtFirst: upright.isDeep };
  }
  const isDepthOfUse = trim ?? settings.enhance;
  const isDeepAtFirst = isDepthOfUse !== undefined && (await startsDeep(decode(), view, settings));
  return {
    open: decode,
    profile: await startingProfile(decode(), view, settings),
    isDeep: isDeepAtFirst && !turnsGrey(settings),
    leastEdge: leastEdge(view, rendering),
    isDeepAtFirst,
  };
}

/** Whether such a pipeline turns or mirrors the picture as its EXIF says. Pixels that others share are upright already. */
async function isTurned(
  pipeline: Sharp,
  { kind }: ImageSource,
  { autoOrient }: ImageOutput,
): Promise<boolean> {
  if (kind === "heic" || autoOrient === false) return false;
  const { orientation = 1 } = await pipeline.metadata();
  return orientation > 1;
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
