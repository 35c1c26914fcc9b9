import { type FileHandle, open } from "node:fs/promises";
import type { Segment } from "./media-file.ts";

/** Bytes of a file and the time they stand for. */
export interface ByteRange {
  offset: number;
  bytes: number;
  seconds: number;
}

/**
 * The bytes from the start of each segment to the end of its first picture: all that a player loads to show it.
 * Every segment starts with a keyframe, which has been checked before. Throws an Error that says what is missing.
 */
export async function readKeyframeRanges(path: string, segments: readonly Segment[]): Promise<ByteRange[]> {
  const file = await open(path, "r");
  try {
    const ranges: ByteRange[] = [];
    for (const { offset, seconds } of segments) {
      ranges.push({ offset, bytes: firstSampleEnd(await readMoof(file, offset)), seconds });
    }
    return ranges;
  } finally {
    await file.close();
  }
}

/** No fragment of 20 s at 120 frames per second has an index larger than this. */
const MAX_MOOF_BYTES = 1024 * 1024;

async function readMoof(file: FileHandle, offset: number): Promise<Buffer> {
  const header = Buffer.alloc(8);
  await file.read(header, 0, 8, offset);
  const bytes = header.readUInt32BE(0);
  if (header.toString("latin1", 4) !== "moof" || bytes > MAX_MOOF_BYTES) {
    throw new Error(`the segment at byte ${offset} does not start with a moof`);
  }
  const moof = Buffer.alloc(bytes);
  await file.read(moof, 0, bytes, offset);
  return moof;
}

/** Where the first sample ends, from the start of the moof. ISO/IEC 14496-12 clauses 8.8.7 and 8.8.8. */
export function firstSampleEnd(moof: Buffer): number {
  const traf = child(moof, "traf");
  const tfhd = traf && child(traf, "tfhd");
  const trun = traf && child(traf, "trun");
  if (!tfhd || !trun) throw new Error("a fragment has no tfhd or no trun");
  const flags = trun.readUInt32BE(8) & 0xffffff;
  if (!(flags & 0x1)) throw new Error("a fragment does not say where its samples begin");
  const dataOffset = trun.readInt32BE(16);
  // After the count and the data offset come the first sample's flags, then each sample's fields.
  const firstEntry = 20 + (flags & 0x4 ? 4 : 0);
  const size =
    flags & 0x200 ? trun.readUInt32BE(firstEntry + (flags & 0x100 ? 4 : 0)) : defaultSampleSize(tfhd);
  return dataOffset + size;
}

function defaultSampleSize(tfhd: Buffer): number {
  const flags = tfhd.readUInt32BE(8) & 0xffffff;
  if (!(flags & 0x10)) throw new Error("a fragment does not say how large its samples are");
  return tfhd.readUInt32BE(16 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0) + (flags & 0x8 ? 4 : 0));
}

function child(box: Buffer, type: string): Buffer | undefined {
  for (let at = 8; at + 8 <= box.length; ) {
    const bytes = box.readUInt32BE(at);
    if (bytes < 8) return undefined;
    if (box.toString("latin1", at + 4, at + 8) === type) return box.subarray(at, at + bytes);
    at += bytes;
  }
  return undefined;
}
