import type { PngOptions } from "sharp";
import type { ImageOutput } from "../../../crds/outputs/image.ts";

type Word = "Low" | "Medium" | "High" | "Maximum";
type LossyFormat = "jpeg" | "webp" | "avif";

/**
 * What a word means to each encoder: one number is not one quality. The newer formats are asked for a little less, for
 * the sake of small files, where their flaws are seen less than JPEG's blocks. SSIM of luma, measured on the two
 * photographs of examples/media at 640 pixels: Low 0.976 as JPEG, 0.960 to 0.966 as WebP, 0.951 to 0.955 as AVIF; High
 * 0.988, 0.972 to 0.978 and 0.980 to 0.983; Maximum 0.995, 0.988 to 0.990 and 0.989 to 0.990.
 */
const NUMBERS: Record<LossyFormat, Record<Word, number>> = {
  jpeg: { Low: 60, Medium: 75, High: 85, Maximum: 95 },
  webp: { Low: 48, Medium: 62, High: 75, Maximum: 90 },
  avif: { Low: 36, Medium: 48, High: 60, Maximum: 78 },
};

/** The encoder's own number for a wanted quality, 1 to 100; High when nothing is wanted. */
export function qualityNumber(format: LossyFormat, quality: ImageOutput["quality"] = "High"): number {
  return typeof quality === "number" ? quality : NUMBERS[format][quality];
}

/** Quality of a PNG's palette at each word; at the others PNG keeps all colours. */
const PALETTE_QUALITY: Partial<Record<Word, number>> = { Low: 60, Medium: 80 };

/**
 * The palette of a PNG, as sharp takes it; undefined where it keeps all colours. PNG itself is lossless, so a number
 * says how good a palette is that there is, and makes none.
 */
export function paletteOf(
  { palette }: Pick<ImageOutput, "palette">,
  quality: ImageOutput["quality"] = "High",
): Pick<PngOptions, "quality" | "colours" | "dither"> | undefined {
  const number = typeof quality === "number" ? quality : PALETTE_QUALITY[quality];
  if (!palette && (typeof quality === "number" || number === undefined)) return undefined;
  return { ...(number !== undefined && { quality: number }), ...palette };
}
