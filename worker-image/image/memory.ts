import type { ImageSource } from "./image-source.ts";
import type { Rendering } from "./rendering.ts";

/**
 * What it takes to make a source's renderings, told by its header before any pixel is decoded. Measured with
 * sharp 0.35 on the inputs of test/integration/worker/image-memory.test.ts; never below what was used there.
 */

const MIB = 2 ** 20;

/** Node, sharp and libvips at rest, and what glibc keeps of memory that was given back. */
export const RUNTIME_BYTES = 128 * MIB;

/** Line buffers, encoder state and one small output, of any image. */
const FIXED_BYTES = 16 * MIB;

export function neededBytes(
  source: ImageSource,
  renderings: readonly Rendering[],
  sharedBytes: number,
): number {
  const outputs = renderings.map((rendering) => renderingBytes(source, rendering, sharedBytes > 0));
  const atOnce = sharedBytes > 0 ? outputs.reduce((sum, bytes) => sum + bytes, 0) : Math.max(0, ...outputs);
  const decode = decoderBytes(source);
  return FIXED_BYTES + Math.max(decode + sharedBytes, sharedBytes + atOnce + (sharedBytes > 0 ? 0 : decode));
}

/** What the decoder holds by itself. Kinds that decode in lines hold little, those that cannot hold frames. */
function decoderBytes({ kind, header, width, height, frames }: ImageSource): number {
  const pixels = width * height;
  const sampleBytes = header.depth === "ushort" ? 2 : header.depth === "uchar" ? 1 : 4;
  const frameBytes = pixels * header.channels * sampleBytes;
  const turned = (header.orientation ?? 1) > 2 ? frameBytes : 0; // rotating and mirroring need all of it
  switch (kind) {
    case "jpeg":
      return turned + (header.isProgressive ? pixels * 6 : 0); // progressive: all coefficients, 16 bits each
    case "png":
      return turned + (header.isProgressive ? frameBytes * 2 : 0); // Adam7 comes out of order
    case "webp":
      return turned + pixels * 4 * 2 * Math.min(frames, 2);
    case "avif":
    case "heic":
      return turned + pixels * 12;
    case "gif":
      return turned + pixels * 4 * 3;
    case "tiff":
      return turned + frameBytes;
    case "svg":
      return pixels * 4 * 3;
  }
}

/** Resizing holds some lines; encoders that look at a whole image hold it. */
function renderingBytes(source: ImageSource, { width, height, format }: Rendering, shared: boolean): number {
  const ratio = source.width / source.height;
  const outWidth = width ?? (height === undefined ? source.width : height * ratio);
  const outHeight = height ?? (width === undefined ? source.height : width / ratio);
  const pixels = Math.max(outWidth * outHeight, 1);
  const lines = shared ? 0 : source.width * 4 * 64;
  const encoderBytesPerPixel = { jpeg: 4, png: 6, webp: 14, avif: 40, gif: 12, tiff: 8 }[format];
  return lines + pixels * encoderBytesPerPixel;
}
