import sharp from "sharp";
import type { OpenedSource } from "../engine.ts";
import { decodeBytes, refuseTooLarge } from "../image/memory/memory.ts";
import { type ImageSource, openImage, type Surroundings } from "../image/read/image-source.ts";
import { type EmbeddedMetadata, readEmbedded } from "./embedded-metadata.ts";
import { measurePicture, type PictureMeasures } from "./picture-measures.ts";

/** What is known of a picture; unknown is null. */
export interface PictureRecord extends EmbeddedMetadata {
  /** By its content: jpeg, png, webp, avif, gif, tiff, svg or heic. */
  format: string;
  /** Pixels as stored, of one frame. */
  width: number;
  height: number;
  /** EXIF's orientation, 1 to 8. */
  orientation: number | null;
  /** Pixels as seen, after orientation. */
  displayed: { width: number; height: number };
  color: {
    space: string | null;
    channels: number | null;
    /** Bits a sample; 32 are floats. */
    bitDepth: number | null;
    chromaSubsampling: string | null;
    hasAlpha: boolean;
    isPalette: boolean;
    /** Name of the embedded profile. */
    profile: string | null;
  };
  isProgressive: boolean;
  /** Pixels per inch. */
  density: number | null;
  /** Pages of a document, frames of an animation; 1 for a still picture. */
  pages: number;
  animation: { frames: number; delaysMs: number[]; durationMs: number; loop: number | null } | null;
  measures: PictureMeasures;
}

/**
 * Reads a picture: its header, what is written into it, and what its pixels tell.
 *
 * @throws WorkFailure as `openImage`, and MemoryLimitExceeded with the need before anything is decoded.
 */
export async function describePicture(opened: OpenedSource, context: Surroundings): Promise<PictureRecord> {
  sharp.cache(false);
  const image = await openImage(opened, context);
  refuseTooLarge(image, decodeBytes(image), { limitBytes: context.limits.memoryBytes });
  await image.ready();
  const { header } = image;
  const embedded = await readEmbedded(header, image.kind === "tiff" ? opened.path : undefined);
  return {
    format: image.kind,
    width: header.width,
    height: header.pageHeight ?? header.height,
    orientation: header.orientation ?? null,
    displayed: { width: image.width, height: image.height },
    color: {
      space: header.space ?? null,
      channels: header.channels ?? null,
      bitDepth: header.bitsPerSample ?? SAMPLE_BITS[header.depth] ?? null,
      chromaSubsampling: header.chromaSubsampling ?? null,
      hasAlpha: header.hasAlpha,
      isPalette: header.isPalette,
      profile: typeof embedded.icc?.ProfileDescription === "string" ? embedded.icc.ProfileDescription : null,
    },
    isProgressive: header.isProgressive,
    density: header.density ?? null,
    pages: image.frames,
    animation: animationOf(image),
    ...embedded,
    measures: await measurePicture(image),
  };
}

const SAMPLE_BITS: Record<string, number> = { uchar: 8, char: 8, ushort: 16, short: 16, float: 32 };

function animationOf({ header, frames }: ImageSource): PictureRecord["animation"] {
  if (frames < 2 || !header.delay) return null;
  const durationMs = header.delay.reduce((sum, delay) => sum + delay, 0);
  return { frames, delaysMs: header.delay, durationMs, loop: header.loop ?? null };
}
