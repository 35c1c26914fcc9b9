import { open, stat } from "node:fs/promises";
import { describeTrack, type TrackDescription } from "./track-description.ts";

/** What a manifest needs to know of a CMAF file, read from the file itself. */
export interface MediaFile extends TrackDescription {
  bytes: number;
  /** `ftyp` and `moov`: what a player loads first. */
  initBytes: number;
  /** The segment index (`sidx`), as an inclusive range. */
  index: { first: number; last: number };
  segments: Segment[];
}

export interface Segment {
  offset: number;
  bytes: number;
  seconds: number;
}

export const lengthOf = ({ segments }: Pick<MediaFile, "segments">): number =>
  segments.reduce((sum, { seconds }) => sum + seconds, 0);

export const longestOf = (tracks: readonly { media: Pick<MediaFile, "segments"> }[]): number =>
  Math.max(0, ...tracks.map(({ media }) => lengthOf(media)));

/** Nothing before the media is larger: a `moov` of a fragmented file holds no samples. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;

/** Reads the head of a fragmented file. Throws an Error that says what is not as it must be. */
export async function readMediaFile(path: string): Promise<MediaFile> {
  const { size } = await stat(path);
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(Math.min(size, MAX_HEAD_BYTES));
    await file.read(head, 0, head.length, 0);
    return { bytes: size, ...describeHead(head) };
  } finally {
    await file.close();
  }
}

export function describeHead(head: Buffer): Omit<MediaFile, "bytes"> {
  let offset = 0;
  let initBytes = 0;
  let track: TrackDescription | undefined;
  while (offset + 8 <= head.length) {
    const bytes = head.readUInt32BE(offset);
    const type = head.toString("latin1", offset + 4, offset + 8);
    if (bytes < 8) break;
    const box = head.subarray(offset, offset + bytes);
    if (type === "moov") track = describeTrack(box);
    if (type === "ftyp" || type === "moov") initBytes = offset + bytes;
    if (type === "sidx") {
      if (!track) throw new Error("the segment index stands before the moov");
      return {
        initBytes,
        index: { first: offset, last: offset + bytes - 1 },
        segments: segmentsOf(box, offset + bytes),
        ...track,
      };
    }
    offset += bytes;
  }
  throw new Error("the file has no segment index (sidx)");
}

/**
 * Players that look a segment up by time miss one that is shorter than the encoder's delay, which edit lists
 * hide from them: hls.js then waits for ever at the end, 20 ms before it (seen with a last segment of one frame
 * of AAC). Half a second is far from that, and lengthens no segment by much.
 */
const SHORTEST_TAIL_SECONDS = 0.5;

/** Makes a last segment that is too short for players a part of the one before it, in the file's own index. */
export async function joinShortTail(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const head = Buffer.alloc(Math.min((await file.stat()).size, MAX_HEAD_BYTES));
    await file.read(head, 0, head.length, 0);
    const { index } = describeHead(head);
    const joined = withoutShortTail(head.subarray(index.first, index.last + 1));
    if (joined) await file.write(joined, 0, joined.length, index.first);
  } finally {
    await file.close();
  }
}

/** An index of as many bytes whose last two entries are one, with a `free` box in place of the other. */
export function withoutShortTail(sidx: Buffer): Buffer | undefined {
  const { timescale, firstOffsetAt, countAt, entriesAt, count } = sidxFields(sidx);
  const last = entriesAt + (count - 1) * SIDX_ENTRY_BYTES;
  if (count < 2 || sidx.readUInt32BE(last + 4) / timescale >= SHORTEST_TAIL_SECONDS) return undefined;
  const joined = Buffer.from(sidx);
  const before = last - SIDX_ENTRY_BYTES;
  for (const at of [0, 4])
    joined.writeUInt32BE(sidx.readUInt32BE(before + at) + sidx.readUInt32BE(last + at), before + at);
  joined.writeUInt32BE(sidx.length - SIDX_ENTRY_BYTES, 0);
  joined.writeUInt16BE(count - 1, countAt);
  // The media begins as much later, counted from the end of an index that is shorter.
  joined.writeUInt32BE(sidx.readUInt32BE(firstOffsetAt) + SIDX_ENTRY_BYTES, firstOffsetAt);
  joined.writeUInt32BE(SIDX_ENTRY_BYTES, last);
  joined.write("free", last + 4, "latin1");
  joined.writeUInt32BE(0, last + 8);
  return joined;
}

const SIDX_ENTRY_BYTES = 12;

/** ISO/IEC 14496-12 clause 8.16.3; `firstOffsetAt` is where the lower 32 bits of the first offset stand. */
function sidxFields(sidx: Buffer) {
  const wide = sidx.readUInt8(8) !== 0;
  const countAt = wide ? 38 : 30;
  return {
    timescale: sidx.readUInt32BE(16),
    firstOffset: wide ? Number(sidx.readBigUInt64BE(28)) : sidx.readUInt32BE(24),
    firstOffsetAt: wide ? 32 : 24,
    countAt,
    count: sidx.readUInt16BE(countAt),
    entriesAt: countAt + 2,
  };
}

function segmentsOf(sidx: Buffer, endOfBox: number): Segment[] {
  const { timescale, firstOffset, count, entriesAt } = sidxFields(sidx);
  let offset = endOfBox + firstOffset;
  return Array.from({ length: count }, (_, at) => {
    const entry = entriesAt + at * SIDX_ENTRY_BYTES;
    const bytes = sidx.readUInt32BE(entry) & 0x7fffffff; // the highest bit is the kind of reference
    const segment = { offset, bytes, seconds: sidx.readUInt32BE(entry + 4) / timescale };
    offset += bytes;
    return segment;
  });
}
