import type { ImageOutput } from "../../crds/outputs/image.ts";

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

/** Colours a PNG keeps at each word; undefined keeps all. PNG itself is lossless. */
export function paletteQuality(quality: ImageOutput["quality"] = "High"): number | undefined {
  if (typeof quality === "number") return quality === 100 ? undefined : quality;
  return { Low: 60, Medium: 80, High: undefined, Maximum: undefined }[quality];
}
