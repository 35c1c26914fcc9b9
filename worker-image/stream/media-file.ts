import { open, stat } from "node:fs/promises";

/** What a manifest needs to know of a CMAF file, read from the file itself. */
export interface MediaFile {
  bytes: number;
  /** `ftyp` and `moov`: what a player loads first. */
  initBytes: number;
  /** The segment index (`sidx`), as an inclusive range. */
  index: { first: number; last: number };
  segments: Segment[];
  /** RFC 6381, e.g. `avc1.640028`. */
  codecs: string;
}

export interface Segment {
  offset: number;
  bytes: number;
  seconds: number;
}

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
  let codecs: string | undefined;
  while (offset + 8 <= head.length) {
    const bytes = head.readUInt32BE(offset);
    const type = head.toString("latin1", offset + 4, offset + 8);
    if (bytes < 8) break;
    const box = head.subarray(offset, offset + bytes);
    if (type === "moov") codecs = codecsOf(box);
    if (type === "ftyp" || type === "moov") initBytes = offset + bytes;
    if (type === "sidx") {
      if (codecs === undefined) throw new Error("the segment index stands before the moov");
      return {
        initBytes,
        index: { first: offset, last: offset + bytes - 1 },
        segments: segmentsOf(box, offset + bytes),
        codecs,
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

/** The codec of the only track, from its decoder configuration. */
function codecsOf(moov: Buffer): string {
  for (const [type, describe] of CONFIGURATIONS) {
    const at = moov.indexOf(type, 0, "latin1");
    if (at !== -1) return describe(moov.subarray(at + 4));
  }
  throw new Error("the codec of the file is unknown to the manifests");
}

const hex = (value: number) => value.toString(16).padStart(2, "0");

const CONFIGURATIONS: readonly (readonly [string, (configuration: Buffer) => string])[] = [
  // ISO/IEC 14496-15: profile, constraints, level
  ["avcC", (box) => `avc1.${[1, 2, 3].map((at) => hex(box.readUInt8(at))).join("")}`],
  ["hvcC", hevcCodec],
  ["av1C", av1Codec],
  ["mp4a", () => "mp4a.40.2"],
];

/** ISO/IEC 14496-15 annex E.3. */
function hevcCodec(box: Buffer): string {
  const profile = box.readUInt8(1);
  const space = ["", "A", "B", "C"][profile >> 6];
  const tier = (profile >> 5) & 1 ? "H" : "L";
  let reversed = 0;
  for (let bit = 0, flags = box.readUInt32BE(2); bit < 32; bit++)
    reversed = (reversed << 1) | ((flags >>> bit) & 1);
  const constraints = [6, 7, 8, 9, 10, 11].map((at) => box.readUInt8(at));
  while (constraints.length > 0 && constraints.at(-1) === 0) constraints.pop();
  return [
    "hvc1",
    `${space}${profile & 31}`,
    (reversed >>> 0).toString(16),
    `${tier}${box.readUInt8(12)}`,
    ...constraints.map((byte) => byte.toString(16)),
  ].join(".");
}

/** AV1 in ISOBMFF section 5: profile, level, tier, bit depth. */
function av1Codec(box: Buffer): string {
  const first = box.readUInt8(1);
  const second = box.readUInt8(2);
  const two = (value: number) => `${value}`.padStart(2, "0");
  const depth = second & 0x40 ? (second & 0x20 ? 12 : 10) : 8;
  return `av01.${first >> 5}.${two(first & 31)}${second & 0x80 ? "H" : "M"}.${two(depth)}`;
}
