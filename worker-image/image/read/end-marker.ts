import { open } from "node:fs/promises";
import type { ImageKind } from "./signature.ts";

/** Enough for padding that some cameras and servers leave after the end. */
const TAIL_BYTES = 4096;

/**
 * Whether a file lacks its kind's end. Asked only after decoding failed, to tell a file that was cut short
 * from one that is damaged: libpng and libwebp say the same for both.
 */
export async function isCutShort(path: string, kind: ImageKind): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(12);
    await file.read(head, 0, head.length, 0);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await file.read(tail, 0, tail.length, size - tail.length);
    switch (kind) {
      case "jpeg":
        return !tail.includes(Buffer.from([0xff, 0xd9])); // EOI, ITU-T T.81 B.1.1.3
      case "png":
        return !tail.includes("IEND");
      case "gif":
        return !tail.includes(0x3b); // trailer, GIF89a section 27
      case "webp":
        return size < 12 || head.readUInt32LE(4) + 8 > size; // RIFF's own length
      case "svg":
        return !/<\/(\w+:)?svg\s*>|\/>\s*$/.test(tail.toString("latin1").replaceAll("\0", "")); // UTF-16, too
      case "tiff":
        return endsBeforeDirectory(head, size);
      default:
        return false; // libheif says so itself
    }
  } finally {
    await file.close();
  }
}

/** TIFF 6.0 section 2: the header points at the first directory, which most writers put last. */
function endsBeforeDirectory(head: Buffer, size: number): boolean {
  const little = head[0] === 0x49;
  const isBigTiff = (little ? head.readUInt16LE(2) : head.readUInt16BE(2)) === 43;
  if (isBigTiff) return false;
  return (little ? head.readUInt32LE(4) : head.readUInt32BE(4)) + 2 > size;
}
