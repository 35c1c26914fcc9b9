/**
 * EXIF as bytes in an AVIF that libheif has just written: libvips takes EXIF as text alone, of which it makes something
 * else. Metadata lie as items between the pictures, told by offsets into the file (ISO 14496-12, 8.11).
 */

/** ISO 23008-12, A.2.1: how many bytes come before the structure, and these. */
const HEAD = Buffer.from("\0\0\0\x06Exif\0\0", "latin1");

/** Bytes of an item's entry before its extents, and of one extent: all its numbers but the first have four bytes. */
const ITEM_BYTES = 10;
const EXTENT_BYTES = 8;

/** The same file with a TIFF structure as its EXIF. @throws Error where it has none whose place could be taken. */
export function replaceExif(file: Buffer, exif: Buffer): Buffer {
  const boxes = boxesOf(file);
  const meta = boxes.find(({ type }) => type === "meta");
  const parts = meta && boxesOf(meta.content.subarray(4)); // after version and flags
  const of = (type: string) => parts?.find((each) => each.type === type)?.content;
  const [infos, places] = [of("iinf"), of("iloc")];
  const number = infos && exifItem(infos);
  const items = places && itemsOf(places);
  const old = items?.find((item) => item.number === number);
  const mdat = boxes.find(({ type, at, end }) => type === "mdat" && old && at < old.from && old.to <= end);
  if (!places || !items || !old || !mdat || mdat.isLong || places.byteOffset - file.byteOffset > mdat.at) {
    throw new Error("the encoded AVIF has no EXIF, or lays it out as nobody expects");
  }

  const more = HEAD.length + exif.length - (old.to - old.from);
  const made = Buffer.concat([file.subarray(0, old.from), HEAD, exif, file.subarray(old.to)]);
  const add = (at: number) => made.writeUInt32BE(made.readUInt32BE(at) + more, at);
  const placesAt = places.byteOffset - file.byteOffset;
  add(mdat.at);
  add(placesAt + old.at + ITEM_BYTES + 4);
  for (const { at, from } of items) if (from >= old.to) add(placesAt + at + 4);
  return made;
}

/** A box: its length, four letters, and what is in it. */
interface Box {
  type: string;
  at: number;
  end: number;
  content: Buffer;
  /** Whether its length is told elsewhere than in its first four bytes. */
  isLong: boolean;
}

function boxesOf(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const isLong = length < 2;
    const end = isLong ? bytes.length : at + length;
    if (end < at + 8 || end > bytes.length) break;
    const type = bytes.toString("latin1", at + 4, at + 8);
    boxes.push({ type, at, end, content: bytes.subarray(at + 8, end), isLong });
    at = end;
  }
  return boxes;
}

/** The number of the EXIF item. An entry has version and flags, the number, a reserved one, and the type. */
function exifItem(infos: Buffer): number | undefined {
  const isExif = ({ type, content }: Box) =>
    type === "infe" && content[0] === 2 && content.toString("latin1", 8, 12) === "Exif";
  return boxesOf(infos.subarray(6)).find(isExif)?.content.readUInt16BE(4);
}

/** Where each item lies: one extent each, from a base on. Undefined for places that are told otherwise. */
function itemsOf(places: Buffer): { number: number; at: number; from: number; to: number }[] | undefined {
  // Version 0, and four bytes each for offset, length and base.
  if (places[0] !== 0 || places.readUInt16BE(4) !== 0x4440) return undefined;
  const count = places.readUInt16BE(6);
  if (places.length !== 8 + count * (ITEM_BYTES + EXTENT_BYTES)) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const at = 8 + index * (ITEM_BYTES + EXTENT_BYTES);
    const from = places.readUInt32BE(at + 4) + places.readUInt32BE(at + ITEM_BYTES);
    return { number: places.readUInt16BE(at), at, from, to: from + places.readUInt32BE(at + ITEM_BYTES + 4) };
  });
}
