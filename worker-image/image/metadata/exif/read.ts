import type { Directory, Tags } from "./fields.ts";

/** One field as it is coded. */
export interface Field {
  tag: number;
  type: number;
  /** How many values of that type. */
  count: number;
  /** In the byte order of the structure that it comes from. */
  value: Buffer;
}

/** Fields by directory, as they are coded: none is understood, so none can be changed by being kept. */
export interface ExifFields extends Record<Directory, Field[]> {
  order: ByteOrder;
}

/** The letters that a TIFF structure begins with: low bytes first, or high ones. */
export type ByteOrder = "II" | "MM";

/** Bytes of a TIFF structure from a place on; fewer where it ends, none beyond. */
export type ReadAt = (at: number, length: number) => Promise<Buffer>;

/** Bytes of one value of each type (TIFF 6.0, section 2; EXIF 3.0 for 129, text in UTF-8). */
export const TYPE_BYTES: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1 },
};
const ASCII = 2;

/** Types of a field that says where another directory is, and their bytes: LONG, IFD, LONG8, IFD8. */
const POINTER_BYTES: Readonly<Record<number, 4 | 8>> = { 4: 4, 13: 4, 16: 8, 18: 8 };
export const CAMERA_POINTER = 0x8769;
export const PLACE_POINTER = 0x8825;

/** All values together: with what goes around them no more than a JPEG's segment holds. */
const MOST_BYTES = 60 * 1024;

/** No writer comes near it. */
const MOST_ENTRIES = 4096;

/** TIFF 6.0, and BigTIFF with longer offsets. */
const FORMS = {
  42: { first: 4, count: 2, entry: 12, offset: 4 },
  43: { first: 8, count: 8, entry: 20, offset: 8 },
} as const;

/**
 * The fields with these numbers out of a TIFF structure, which is what EXIF is and what a TIFF file is. What lies
 * outside of it or is empty is left out, and so is what would be too large; undefined when nothing is found.
 */
export async function readFields(readAt: ReadAt, wanted: Tags): Promise<ExifFields | undefined> {
  const head = await readAt(0, 16);
  const order = head.toString("latin1", 0, 2);
  if (head.length < 8 || (order !== "II" && order !== "MM")) return undefined;
  const form = FORMS[uint(head, 2, 2, order) as keyof typeof FORMS];
  if (!form || head.length < form.first + form.offset) return undefined;

  let bytesLeft = MOST_BYTES;
  const fieldsOf = async (entries: readonly Buffer[], tags: ReadonlySet<number>): Promise<Field[]> => {
    const found = new Map<number, Field>();
    for (const entry of entries) {
      const tag = uint(entry, 0, 2, order);
      const type = uint(entry, 2, 2, order);
      const count = uint(entry, 4, form.offset, order);
      const length = (TYPE_BYTES[type] ?? 0) * count;
      if (!tags.has(tag) || found.has(tag) || length === 0 || length > bytesLeft) continue;
      const at = 4 + form.offset;
      const value =
        length <= form.offset
          ? entry.subarray(at, at + length)
          : await readAt(uint(entry, at, form.offset, order), length);
      const isBlank = type === ASCII && value.every((byte) => byte === 0);
      if (value.length < length || isBlank) continue;
      bytesLeft -= length;
      found.set(tag, { tag, type, count, value });
    }
    return [...found.values()];
  };
  const entriesAt = async (at: number): Promise<Buffer[]> => {
    const counted = await readAt(at, form.count);
    const count = counted.length < form.count ? 0 : uint(counted, 0, form.count, order);
    const bytes = await readAt(at + form.count, Math.min(count, MOST_ENTRIES) * form.entry);
    return Array.from({ length: Math.floor(bytes.length / form.entry) }, (_, index) =>
      bytes.subarray(index * form.entry, (index + 1) * form.entry),
    );
  };
  const entriesBehind = async (pointer: number): Promise<Buffer[]> => {
    const entry = image.find((each) => uint(each, 0, 2, order) === pointer);
    const bytes = entry && POINTER_BYTES[uint(entry, 2, 2, order)];
    return entry && bytes && bytes <= form.offset
      ? await entriesAt(uint(entry, 4 + form.offset, bytes, order))
      : [];
  };

  const image = await entriesAt(uint(head, form.first, form.offset, order));
  const fields: ExifFields = {
    order,
    image: await fieldsOf(image, wanted.image),
    camera: wanted.camera.size > 0 ? await fieldsOf(await entriesBehind(CAMERA_POINTER), wanted.camera) : [],
    place: wanted.place.size > 0 ? await fieldsOf(await entriesBehind(PLACE_POINTER), wanted.place) : [],
  };
  return fields.image.length + fields.camera.length + fields.place.length > 0 ? fields : undefined;
}

function uint(bytes: Buffer, at: number, length: 2 | 4 | 8, order: ByteOrder): number {
  if (length === 8) return Number(order === "II" ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  return order === "II" ? bytes.readUIntLE(at, length) : bytes.readUIntBE(at, length);
}
