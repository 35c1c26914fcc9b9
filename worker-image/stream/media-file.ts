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

/** ISO/IEC 14496-12 clause 8.16.3. */
function segmentsOf(sidx: Buffer, endOfBox: number): Segment[] {
  const version = sidx.readUInt8(8);
  const timescale = sidx.readUInt32BE(16);
  const firstOffset = version === 0 ? sidx.readUInt32BE(24) : Number(sidx.readBigUInt64BE(28));
  const list = version === 0 ? 28 : 36;
  const count = sidx.readUInt16BE(list + 2);
  let offset = endOfBox + firstOffset;
  return Array.from({ length: count }, (_, at) => {
    const entry = list + 4 + at * 12;
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
