import { type JpegSegment, startsWith } from "./jpeg-segments.ts";

/**
 * IPTC-IIM as a JPEG holds it: data sets in the image resource 0x0404 of a "Photoshop 3.0" segment. The other resources
 * of such a segment are Photoshop's own, thumbnails among them, and never stay.
 */

const APP13 = 0xed;
const HEADER = "Photoshop 3.0\0";
const IPTC_RESOURCE = 0x0404;
/** Every data set begins with it. */
const TAG_MARKER = 0x1c;

/** Record and number of data sets: how text is coded, and who may be named and asked (IPTC-IIM 4.2, record 2). */
const CODED_CHARACTER_SET = "1:90";
const OF_COPYRIGHT: ReadonlySet<string> = new Set(["2:80", "2:85", "2:110", "2:115", "2:116"]);

/** The segment that keeps all data sets, or those of the copyright alone; undefined when none is left. */
export function iptcSegment(block: Buffer, { isAll }: { isAll: boolean }): JpegSegment | undefined {
  const kept = dataSetsOf(dataIn(block)).filter(
    ({ name }) => isAll || name === CODED_CHARACTER_SET || OF_COPYRIGHT.has(name),
  );
  if (!kept.some(({ name }) => name.startsWith("2:"))) return undefined;
  const data = Buffer.concat(kept.map(({ bytes }) => bytes));
  const head = Buffer.alloc(12);
  head.write("8BIM", 0, "latin1");
  head.writeUInt16BE(IPTC_RESOURCE, 4);
  head.writeUInt32BE(data.length, 8); // after an empty name, padded to two bytes
  const body = Buffer.concat([Buffer.from(HEADER, "latin1"), head, data, Buffer.alloc(data.length % 2)]);
  return body.length > 65_533 ? undefined : { marker: APP13, body };
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
