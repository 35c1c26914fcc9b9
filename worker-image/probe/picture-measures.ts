import sharp from "sharp";
import { decodable, decodePlain } from "../image/read/decode-settings.ts";
import { explained, type ImageSource } from "../image/read/image-source.ts";
import { timeLimited } from "../image/read/time-limit.ts";
import { hexOf } from "../image/steps/colour.ts";

/**
 * What only the pixels tell. Measured on a copy of at most 1024 × 1024 pixels, upright and in sRGB, so that a
 * photo and its smaller copies compare, and so that a JPEG is decoded at a fraction of its size.
 */
export interface PictureMeasures {
  /** Shannon entropy of the greys, in bits: 0 for one colour, up to 8. */
  entropy: number;
  /** Standard deviation of the Laplacian of the greys: near 0 where nothing is sharp. */
  sharpness: number;
  /** The most frequent colour of 16 × 16 × 16, as #rrggbb, on white. */
  dominantColour: string;
  /** Mean of the greys, 0 to 255. */
  brightness: number;
  /** Whether no pixel of the copy shows through. */
  isOpaque: boolean;
  /** Tells alike pictures: the share of bits that differ is small. */
  perceptualHash: { algorithm: "dHash"; hex: string };
}

const EDGE = 1024;

/** @throws WorkFailure SourceCorrupt, SourceTruncated, SourceTooLarge. */
export async function measurePicture(source: ImageSource): Promise<PictureMeasures> {
  const scale = Math.min(1, EDGE / Math.max(source.width, source.height));
  const made = await decodable(source, { scale }).catch(explained(source));
  const { data, info } = await decodePlain(made)
    .resize({ width: EDGE, height: EDGE, fit: "inside", withoutEnlargement: true })
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch(explained(source));
  const copy = () =>
    timeLimited(sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } }));
  const onWhite = await copy().flatten({ background: "#ffffff" }).png({ compressionLevel: 0 }).toBuffer();
  const [{ entropy, sharpness, dominant }, { channels }, { isOpaque }, hex] = await Promise.all([
    sharp(onWhite).stats(),
    sharp(onWhite)
      .grayscale()
      .png({ compressionLevel: 0 })
      .toBuffer()
      .then((grey) => sharp(grey).stats()),
    sharp(await copy().png({ compressionLevel: 0 }).toBuffer()).stats(),
    differenceHash(onWhite),
  ]);
  return {
    entropy: rounded(entropy),
    sharpness: rounded(sharpness),
    dominantColour: hexOf(dominant),
    brightness: rounded(channels[0]?.mean ?? 0),
    isOpaque,
    perceptualHash: { algorithm: "dHash", hex },
  };
}

/**
 * 64 bits, a bit for each pixel of 9 × 8 greys that is darker than the one to its right, row by row: N.
 * Krawetz, "Kind of Like That" (2013), as Python's ImageHash writes it.
 */
async function differenceHash(picture: Buffer): Promise<string> {
  const greys = await sharp(picture)
    .grayscale()
    .resize({ width: 9, height: 8, fit: "fill", kernel: "lanczos3" })
    .raw()
    .toBuffer();
  let bits = 0n;
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const left = greys[row * 9 + column] ?? 0;
      const right = greys[row * 9 + column + 1] ?? 0;
      bits = (bits << 1n) | (right > left ? 1n : 0n);
    }
  }
  return bits.toString(16).padStart(16, "0");
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
