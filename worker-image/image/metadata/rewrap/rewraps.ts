import type { ImageKind } from "../../read/signature.ts";
import { rewrapJpeg } from "./jpeg.ts";
import { rewrapPng } from "./png.ts";
import type { Rewrap } from "./rewrap.ts";
import { rewrapWebp } from "./webp.ts";

/**
 * The formats whose files can be put together anew around what is coded. AVIF and TIFF spread pictures and metadata
 * over offsets of one file, and GIF has neither EXIF nor a profile.
 */
export const REWRAPS: Partial<Record<ImageKind, Rewrap>> = {
  jpeg: rewrapJpeg,
  png: rewrapPng,
  webp: rewrapWebp,
};
