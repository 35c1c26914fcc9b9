import type { OutputInfo, SharpOptions } from "sharp";
import { decodable } from "./decode-settings.ts";
import type { ImageSource } from "./image-source.ts";

/**
 * Decodes a source for nothing but to know that it can be decoded. At an eighth of its size: all that is coded is
 * read nevertheless.
 *
 * @throws Error of libvips when it cannot be decoded.
 */
export async function tryDecode(source: ImageSource, options: SharpOptions): Promise<OutputInfo> {
  const { decode } = await decodable(source, { options });
  const pipeline = decode(options).resize({ width: Math.ceil(source.header.width / 8) });
  const { info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return info;
}
