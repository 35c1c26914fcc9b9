import { createCipheriv } from "node:crypto";
import { open } from "node:fs/promises";
import type { MediaFile, Segment } from "./media-file.ts";

/**
 * Encrypts each segment as a whole, by RFC 8216 section 4.3.2.4: AES-128 in CBC with PKCS #7 padding, and the
 * segment's number for the initialization vector, as players assume when the playlist names none. The head of the
 * file stays readable; the segment index is left out, since nothing that reads it can read the rest.
 */
export async function encryptSegments(
  media: MediaFile,
  { path, target, key }: { path: string; target: string; key: Buffer },
): Promise<MediaFile> {
  const { segments, initBytes } = media;
  const from = await open(path, "r");
  const to = await open(target, "w");
  try {
    const read = async (offset: number, bytes: number) => {
      const buffer = Buffer.alloc(bytes);
      await from.read(buffer, 0, bytes, offset);
      return buffer;
    };
    await to.write(await read(0, initBytes));
    let offset = initBytes;
    const encrypted: Segment[] = [];
    for (const [number, segment] of segments.entries()) {
      const cipher = createCipheriv("aes-128-cbc", key, initializationVector(number));
      const bytes = Buffer.concat([cipher.update(await read(segment.offset, segment.bytes)), cipher.final()]);
      await to.write(bytes);
      encrypted.push({ offset, bytes: bytes.length, seconds: segment.seconds });
      offset += bytes.length;
    }
    return { ...media, bytes: offset, segments: encrypted };
  } finally {
    await from.close();
    await to.close();
  }
}

/** A segment's number as 128 bits, big-endian. */
export function initializationVector(number: number): Buffer {
  const vector = Buffer.alloc(16);
  vector.writeUInt32BE(number, 12);
  return vector;
}
