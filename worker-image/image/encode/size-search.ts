import { WorkFailure } from "../../work-failure.ts";

/** Near enough below the limit that another encode is not worth it. */
const NEAR = 0.95;

/** Encodes at most; halving 100 qualities takes 7. */
const ENCODES_MAX = 8;

/**
 * The best encoding of at most `maxBytes`: the wanted quality when it fits, else the highest that does. Sizes
 * grow about exponentially with quality, so the next try is where a straight line through the logarithms of
 * the last two would meet the limit; halving where that leads nowhere.
 *
 * @throws WorkFailure InvalidOutputSpec when quality 1 is larger still.
 */
export async function searchSize<Encoded extends { data: { length: number } }>(
  { maxBytes, quality }: { maxBytes: number; quality: number },
  encode: (quality: number) => Promise<Encoded>,
): Promise<Encoded> {
  const wanted = await encode(quality);
  if (wanted.data.length <= maxBytes) return wanted;
  let tooLarge = { quality, bytes: wanted.data.length };
  let fits: { quality: number; encoded: Encoded } | undefined;
  for (let encodes = 1; encodes < ENCODES_MAX; encodes++) {
    const floor = fits?.quality ?? 0;
    if (tooLarge.quality - floor <= 1) break;
    const guess = guessQuality({ floor, fitsBytes: fits?.encoded.data.length, tooLarge, maxBytes });
    const encoded = await encode(guess);
    if (encoded.data.length > maxBytes) tooLarge = { quality: guess, bytes: encoded.data.length };
    else {
      fits = { quality: guess, encoded };
      if (encoded.data.length >= maxBytes * NEAR) break;
    }
  }
  if (fits) return fits.encoded;
  const smallest = tooLarge.quality === 1 ? undefined : await encode(1);
  if (smallest && smallest.data.length <= maxBytes) return smallest;
  throw new WorkFailure(
    "InvalidOutputSpec",
    `even quality 1 takes ${smallest?.data.length ?? tooLarge.bytes} bytes, and maxBytes is ${maxBytes}; allow more, or ask for a smaller image`,
  );
}

function guessQuality({
  floor,
  fitsBytes,
  tooLarge,
  maxBytes,
}: {
  floor: number;
  fitsBytes: number | undefined;
  tooLarge: { quality: number; bytes: number };
  maxBytes: number;
}): number {
  const middle = Math.floor((floor + tooLarge.quality) / 2);
  if (fitsBytes === undefined || fitsBytes >= tooLarge.bytes) return Math.max(1, middle);
  const share = Math.log(maxBytes / fitsBytes) / Math.log(tooLarge.bytes / fitsBytes);
  const guess = Math.floor(floor + share * (tooLarge.quality - floor));
  return Math.min(tooLarge.quality - 1, Math.max(floor + 1, guess));
}
