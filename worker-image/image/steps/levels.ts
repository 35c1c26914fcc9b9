import type { Sharp } from "sharp";

/**
 * Lightness of the darkest and the brightest parts; 0 to 255 whatever the depth of the image, and a little beyond for
 * flat images.
 */
export interface Levels {
  black: number;
  white: number;
}

/** Share of the pixels that may be darker or brighter: specks and highlights are no measure. */
const TAIL = 0.005;

/** A flat image, a wall in fog, is not torn apart: at least this range is taken for granted around its middle. */
const RANGE_MIN = 96;

/** Measures an image's levels on a small copy; fine detail does not change them. */
export async function measureLevels(pipeline: Sharp): Promise<Levels> {
  const { data } = await pipeline
    .resize({ width: 256, height: 256, fit: "inside", withoutEnlargement: true })
    .flatten({ background: "#808080" })
    .grayscale()
    .toColourspace("b-w")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const sorted = data.toSorted();
  const black = sorted[Math.floor(sorted.length * TAIL)] ?? 0;
  const white = sorted[Math.floor((sorted.length - 1) * (1 - TAIL))] ?? 255;
  const widen = Math.max(0, RANGE_MIN - (white - black)) / 2;
  return { black: black - widen, white: white + widen };
}
