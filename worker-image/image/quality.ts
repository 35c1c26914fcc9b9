import type { ImageOutput } from "../../crds/outputs/image.ts";

type Word = "Low" | "Medium" | "High" | "Maximum";
type LossyFormat = "jpeg" | "webp" | "avif";

/**
 * What a word means to each encoder. One number is not one quality: WebP looks as good as JPEG at 15 to 20 %
 * less, AVIF at about 25 less (FACTS 1: seeds 004 "Image Processing Architecture Decisions"; no seed has
 * numbers for the words).
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
