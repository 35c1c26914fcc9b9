import { crc32 } from "node:zlib";
import type { Rewrap } from "./rewrap.ts";

/** PNG, third edition (W3C 2025), 5.2 and 5.3: a signature, then chunks of length, type, content and CRC. */
const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** What decides how the pixels look: the critical chunks, and those of transparency, colour and density. */
const OF_PICTURE: ReadonlySet<string> = new Set([
  ...["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "sRGB", "gAMA", "cHRM", "cICP", "sBIT", "bKGD", "pHYs"],
]);
const PROFILE = "iCCP";
const EXIF = "eXIf";
const DENSITY = "pHYs";
/** The frames of an APNG, which come after the picture that everybody else sees. */
const OF_ANIMATION: ReadonlySet<string> = new Set(["acTL", "fcTL", "fdAT"]);

interface Chunk {
  type: string;
  /** All of it, length and CRC included. */
  bytes: Buffer;
}

/** What is coded of a PNG with other chunks beside it. What came after its end is gone. */
export const rewrapPng: Rewrap = (file, { metadata, ownExif, density, profile }) => {
  const chunks = chunksOf(file);
  const [header, ...rest] = chunks?.filter(({ type }) => !OF_ANIMATION.has(type)) ?? [];
  if (header?.type !== "IHDR" || rest.some(isStrange)) return undefined;
  const isReplaced = (type: string) =>
    (type === EXIF && ownExif !== undefined) || (type === DENSITY && density !== undefined);
  const kept = rest.filter(
    ({ type }) =>
      !isReplaced(type) && (OF_PICTURE.has(type) || (type === PROFILE ? profile : metadata === undefined)),
  );
  const exif = metadata === undefined ? ownExif : metadata.exif;
  const added = [
    ...(density === undefined ? [] : [chunk(DENSITY, densityOf(density))]),
    ...(exif ? [chunk(EXIF, exif)] : []),
    ...(metadata?.xmp ? [chunk("iTXt", xmpText(metadata.xmp))] : []),
  ];
  return Buffer.concat([SIGNATURE, header.bytes, ...added, ...kept.map(({ bytes }) => bytes)]);
};

/** A critical chunk that nobody knows: without knowing it no picture can be made of the rest (5.4). */
const isStrange = ({ type }: Chunk): boolean => /^[A-Z]/.test(type) && !OF_PICTURE.has(type);

/** The chunks up to the end; undefined when they do not add up. */
function chunksOf(file: Buffer): Chunk[] | undefined {
  if (!file.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  const chunks: Chunk[] = [];
  let at = SIGNATURE.length;
  while (at + 12 <= file.length) {
    const end = at + 12 + file.readUInt32BE(at);
    if (end > file.length) return undefined;
    const type = file.toString("latin1", at + 4, at + 8);
    chunks.push({ type, bytes: file.subarray(at, end) });
    if (type === "IEND") return chunks;
    at = end;
  }
  return undefined;
}

function chunk(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const named = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** XMP specification part 3, 1.1.5: an international text, not compressed, of no language. */
const xmpText = (xmp: Buffer): Buffer =>
  Buffer.concat([Buffer.from("XML:com.adobe.xmp\0\0\0\0\0", "latin1"), xmp]);

const METRES_PER_INCH = 0.0254;

/** 11.3.4.3: pixels along each axis, and 1 where the unit is the metre. */
function densityOf(perInch: number): Buffer {
  const content = Buffer.alloc(9);
  const perMetre = Math.round(perInch / METRES_PER_INCH);
  content.writeUInt32BE(perMetre, 0);
  content.writeUInt32BE(perMetre, 4);
  content.writeUInt8(1, 8);
  return content;
}
