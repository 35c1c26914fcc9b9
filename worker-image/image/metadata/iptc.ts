import type { Field } from "./exif/read.ts";
import { type JpegSegment, startsWith } from "./jpeg-segments.ts";

/**
 * IPTC-IIM: data sets, as a TIFF holds them in a field of its own, and a JPEG in the image resource 0x0404 of a "Photoshop
 * 3.0" segment. The other resources of such a segment are Photoshop's own, thumbnails among them, and never stay.
 */

const APP13 = 0xed;
const HEADER = "Photoshop 3.0\0";
const IPTC_RESOURCE = 0x0404;
/** Every data set begins with it. */
const TAG_MARKER = 0x1c;

/** Fields and types by TIFF 6.0, sections 2 and 8; RichTIFFIPTC is Adobe's. */
const IPTC_FIELD = 0x83bb;
const ARTIST = 0x013b;
const COPYRIGHT = 0x8298;
const ASCII = 2;
const LONG = 4;

/** Eight times what IPTC-IIM allows a copyright notice. */
const LONGEST_TEXT = 1024;

/** Record and number of data sets: how text is coded, and who may be named and asked (IPTC-IIM 4.2, record 2). */
const CODED_CHARACTER_SET = "1:90";
const BY_LINE = "2:80";
const COPYRIGHT_NOTICE = "2:116";
const OF_COPYRIGHT: ReadonlySet<string> = new Set([BY_LINE, "2:85", "2:110", "2:115", COPYRIGHT_NOTICE]);

/** All data sets of a block, or those of the copyright alone; undefined when none is left. */
export function keptIptc(block: Buffer, { isAll }: { isAll: boolean }): Buffer | undefined {
  const kept = dataSetsOf(dataIn(block)).filter(
    ({ name }) => isAll || name === CODED_CHARACTER_SET || OF_COPYRIGHT.has(name),
  );
  if (!kept.some(({ name }) => name.startsWith("2:"))) return undefined;
  return Buffer.concat(kept.map(({ bytes }) => bytes));
}

/** Data sets as a segment of a JPEG; undefined when they are too long for one. */
export function iptcSegment(data: Buffer): JpegSegment | undefined {
  const head = Buffer.alloc(12);
  head.write("8BIM", 0, "latin1");
  head.writeUInt16BE(IPTC_RESOURCE, 4);
  head.writeUInt32BE(data.length, 8); // after an empty name, padded to two bytes
  const body = Buffer.concat([Buffer.from(HEADER, "latin1"), head, data, Buffer.alloc(data.length % 2)]);
  return body.length > 65_533 ? undefined : { marker: APP13, body };
}

/**
 * Data sets as the field of a TIFF (XMP specification part 3, 1.1.3). As numbers of four bytes, for which libtiff takes
 * nothing else, but in their own order, as all programs write them.
 */
export function iptcField(data: Buffer): Field {
  const value = Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
  return { tag: IPTC_FIELD, type: LONG, count: value.length / 4, value };
}

/** Who made a picture and whose it is, as fields of EXIF, for a file that has no place for data sets. */
export function exifOfIptc(data: Buffer): Field[] {
  const sets = dataSetsOf(data);
  const field = (tag: number, wanted: string): Field[] => {
    const texts = sets.flatMap(({ name, bytes }) => (name === wanted ? [textOf(bytes.subarray(5))] : []));
    const value = Buffer.from(`${texts.join("; ")}\0`);
    const isOfUse = value.length > 1 && value.length <= LONGEST_TEXT;
    return isOfUse ? [{ tag, type: ASCII, count: value.length, value }] : [];
  };
  return [...field(ARTIST, BY_LINE), ...field(COPYRIGHT, COPYRIGHT_NOTICE)];
}

/** In UTF-8, which is what makes sense as UTF-8: not all writers heed what says how text is coded. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : bytes.toString("latin1");
}

/**
 * The data sets in a Photoshop block; empty where it has none. A TIFF holds them by themselves, which libtiff takes for
 * numbers of four bytes where their type says so, and swaps where the file's high bytes come first.
 */
function dataIn(block: Buffer): Buffer {
  if (block[0] === TAG_MARKER) return block;
  if (block[3] === TAG_MARKER && block.length % 4 === 0) return Buffer.from(block).swap32();
  let at = startsWith({ marker: APP13, body: block }, HEADER) ? HEADER.length : 0;
  while (at + 12 <= block.length && block.subarray(at, at + 4).toString("latin1") === "8BIM") {
    const nameLength = 1 + (block[at + 6] ?? 0);
    const size = at + 6 + nameLength + (nameLength % 2);
    if (size + 4 > block.length) break;
    const length = block.readUInt32BE(size);
    if (block.readUInt16BE(at + 4) === IPTC_RESOURCE) return block.subarray(size + 4, size + 4 + length);
    at = size + 4 + length + (length % 2);
  }
  return Buffer.alloc(0);
}

/** Data sets up to the first that is damaged or longer than 32767 bytes. */
function dataSetsOf(resource: Buffer): { name: string; bytes: Buffer }[] {
  const found: { name: string; bytes: Buffer }[] = [];
  let at = 0;
  while (at + 5 <= resource.length && resource[at] === TAG_MARKER) {
    const end = at + 5 + resource.readUInt16BE(at + 3);
    if (end > resource.length) break;
    found.push({ name: `${resource[at + 1]}:${resource[at + 2]}`, bytes: resource.subarray(at, end) });
    at = end;
  }
  return found;
}
