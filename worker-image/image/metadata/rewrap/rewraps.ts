import type { ImageKind } from "../../read/signature.ts";
import { rewrapAvif } from "./avif.ts";
import { rewrapJpeg } from "./jpeg.ts";
import { rewrapPng } from "./png.ts";
import type { Rewrap } from "./rewrap.ts";
import { rewrapWebp } from "./webp.ts";

/**
 * The formats whose files can be put together anew around what is coded. TIFF spreads pictures and metadata over offsets of
 * one file, which may lead anywhere, and GIF has neither EXIF nor a profile.
 */
export const REWRAPS: Partial<Record<ImageKind, Rewrap>> = {
  jpeg: rewrapJpeg,
  png: rewrapPng,
  webp: rewrapWebp,
  avif: rewrapAvif,
};
