/** What the head of a CMAF file says of its only track, in the words that manifests use. */
export interface TrackDescription {
  /** RFC 6381, e.g. `avc1.640028`. */
  codecs: string;
  /** Of pictures whose colour is told: ISO/IEC 23091-2 numbers of primaries, transfer and matrix. */
  color?: Color;
  /** Of sound. */
  sound?: { channels: number; sampleRate: number };
}

export interface Color {
  primaries: number;
  transfer: number;
  matrix: number;
  fullRange: boolean;
}

/** Throws an Error where the codec is none that manifests can name. */
export function describeTrack(moov: Buffer): TrackDescription {
  const color = colorOf(moov);
  for (const [type, describe] of CONFIGURATIONS) {
    const at = moov.indexOf(type, 0, "latin1");
    if (at !== -1) return describe(moov.subarray(at + 4), color);
  }
  throw new Error("the codec of the file is unknown to the manifests");
}

/** ISO/IEC 14496-12 clause 12.1.5, by numbers that need no profile. */
function colorOf(moov: Buffer): Color | undefined {
  const at = moov.indexOf("colrnclx", 0, "latin1");
  if (at === -1) return undefined;
  const [primaries, transfer, matrix] = [8, 10, 12].map((offset) => moov.readUInt16BE(at + offset));
  if (primaries === undefined || transfer === undefined || matrix === undefined) return undefined;
  return { primaries, transfer, matrix, fullRange: moov.readUInt8(at + 14) >> 7 === 1 };
}

type Describe = (configuration: Buffer, color: Color | undefined) => TrackDescription;

const pictures =
  (codecsOf: (configuration: Buffer, color: Color | undefined) => string): Describe =>
  (configuration, color) => ({ codecs: codecsOf(configuration, color), ...(color && { color }) });

const hex = (value: number) => value.toString(16).padStart(2, "0");
const two = (value: number) => `${value}`.padStart(2, "0");

const CONFIGURATIONS: readonly (readonly [string, Describe])[] = [
  // ISO/IEC 14496-15: profile, constraints, level
  ["avcC", pictures((box) => `avc1.${[1, 2, 3].map((at) => hex(box.readUInt8(at))).join("")}`)],
  ["hvcC", pictures(hevcCodec)],
  ["av1C", pictures(av1Codec)],
  ["esds", aac],
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

/** AV1 in ISOBMFF section 5: profile, level, tier, bit depth; then what players take for BT.709 unless it is said. */
function av1Codec(box: Buffer, color: Color | undefined): string {
  const first = box.readUInt8(1);
  const second = box.readUInt8(2);
  const depth = second & 0x40 ? (second & 0x20 ? 12 : 10) : 8;
  const short = `av01.${first >> 5}.${two(first & 31)}${second & 0x80 ? "H" : "M"}.${two(depth)}`;
  if (!color || !isHdr(color)) return short;
  const subsampling = `${(second >> 3) & 1}${(second >> 2) & 1}${second & 3}`;
  const numbers = [color.primaries, color.transfer, color.matrix].map(two);
  return [short, (second >> 4) & 1, subsampling, ...numbers, color.fullRange ? 1 : 0].join(".");
}

/** ISO/IEC 23091-2 table 3: SMPTE ST 2084 and ARIB STD-B67. */
const [PQ, HLG] = [16, 18];

const isHdr = ({ transfer }: Color): boolean => transfer === PQ || transfer === HLG;

/** RFC 8216bis section 4.4.6.2: what players must be able to show. */
export const videoRangeOf = ({ color }: Pick<TrackDescription, "color">): "SDR" | "PQ" | "HLG" =>
  color?.transfer === PQ ? "PQ" : color?.transfer === HLG ? "HLG" : "SDR";

/** ISO/IEC 14496-1 clause 7.2.6: descriptors in each other, the innermost of which is AAC's own configuration. */
const [DECODER_CONFIG, DECODER_SPECIFIC] = [4, 5];

/** Bytes of an elementary stream's descriptor and of a decoder's before the descriptors that they hold. */
const [ES_FIELDS_BYTES, DECODER_FIELDS_BYTES] = [3, 13];

function aac(box: Buffer): TrackDescription {
  const stream = descriptor(box.subarray(4));
  const decoder = stream && descriptor(stream.content.subarray(ES_FIELDS_BYTES));
  const specific =
    decoder?.tag === DECODER_CONFIG && descriptor(decoder.content.subarray(DECODER_FIELDS_BYTES));
  if (!specific || specific.tag !== DECODER_SPECIFIC) throw new Error("the file does not describe its AAC");
  // ISO/IEC 14496-3 clause 1.6.2.1: 5 bits of object type, 4 of sample rate, 4 of channels
  const bits = specific.content.readUInt16BE(0);
  const sampleRate = SAMPLE_RATES[(bits >> 7) & 15];
  const channels = CHANNELS[(bits >> 3) & 15];
  if (sampleRate === undefined || channels === undefined) {
    throw new Error("the sample rate or the channels of the file's AAC have no number of their own");
  }
  return { codecs: `mp4a.40.${bits >> 11}`, sound: { channels, sampleRate } };
}

/** ISO/IEC 14496-1 clause 8.3.3: a length is written in groups of seven bits, each but the last with its highest bit set. */
function descriptor(bytes: Buffer): { tag: number; content: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  let at = 1;
  let length = 0;
  for (let more = true; more && at < bytes.length; at++) {
    const byte = bytes.readUInt8(at);
    length = (length << 7) | (byte & 0x7f);
    more = byte >= 0x80;
  }
  return { tag: bytes.readUInt8(0), content: bytes.subarray(at, at + length) };
}

const SAMPLE_RATES = [
  ...[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000],
  ...[22_050, 16_000, 12_000, 11_025, 8000, 7350],
];

/** Of each channel configuration; 0 leaves them to a list in the stream itself. */
const CHANNELS = [undefined, 1, 2, 3, 4, 5, 6, 8];
