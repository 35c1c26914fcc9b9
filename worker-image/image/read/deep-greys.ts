import sharp, { type SharpOptions } from "sharp";
import type { ImageSource } from "./image-source.ts";
import { timeLimited } from "./time-limit.ts";

/** Whether a source has greys of 16 bits that a profile tells of, which sharp 0.35 passes over where it decodes. */
export const areDeepGreys = ({ header }: Pick<ImageSource, "header">): boolean =>
  header.hasProfile && header.space === "grey16";

/**
 * The source with such greys as sRGB, in a PNG that is not compressed: sharp obeys their profile where pixels are given
 * another. It has no label, as no greys have, and all that is beside the pixels where that may come along.
 *
 * @throws Error of libvips when it cannot be decoded.
 */
export async function readDeepGreys(
  source: ImageSource,
  { options = {}, keepsMetadata }: { options?: SharpOptions | undefined; keepsMetadata: boolean },
): Promise<ImageSource> {
  const pipeline = source
    .decode(options)
    .toColourspace("grey16")
    .withIccProfile("srgb", { attach: false })
    .png({ compressionLevel: 0 });
  if (keepsMetadata) pipeline.keepExif().keepXmp();
  const data = await pipeline.toBuffer();
  const { autoOrient = true } = options;
  return { ...source, decode: () => timeLimited(sharp(data, { autoOrient })) };
}
