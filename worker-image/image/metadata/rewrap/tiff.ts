import { type ByteOrder, type ExifFields, type Field, TYPE_BYTES } from "../exif/read.ts";
import { directoriesAt } from "../exif/write.ts";

/**
 * EXIF in a TIFF that libvips has just written, which gives it none. Its fields stand in the file's own directory, beside
 * those that tell where its pixels lie (CIPA DC-008, 4.6). So that directory is written once more with all of them, behind
 * the pixels, which stay where they are (TIFF 6.0, section 2).
 */

const ENTRY_BYTES = 12;

/** Bytes of the numbers that a value of each type is made of, where they have an order. */
const WORD_BYTES: Readonly<Record<number, 2 | 4 | 8>> = {
  ...{ 3: 2, 8: 2, 4: 4, 5: 4, 9: 4, 10: 4, 11: 4, 12: 8 },
};

/** The same file with these fields. @throws Error where its directory is not as libvips writes it. */
export function addFields(file: Buffer, fields: ExifFields): Buffer {
  const order = file.toString("latin1", 0, 2);
  const own = order === "II" || order === "MM" ? ownFields(file, order) : undefined;
  if (!own) throw new Error("the encoded TIFF lays out its directory as nobody expects");
  const { image, camera, place } = inOrder(own.order, fields);
  const added = new Set(image.map(({ tag }) => tag));
  const at = file.length + (file.length % 2);
  const made = Buffer.concat([
    file,
    Buffer.alloc(at - file.length),
    directoriesAt(at, {
      order: own.order,
      image: [...own.fields.filter(({ tag }) => !added.has(tag)), ...image],
      ...{ camera, place },
    }),
  ]);
  if (own.order === "II") made.writeUInt32LE(at, 4);
  else made.writeUInt32BE(at, 4);
  return made;
}

/** The fields of the first directory; undefined where one of them is of no known type, or lies outside of the file. */
function ownFields(file: Buffer, order: ByteOrder): { order: ByteOrder; fields: Field[] } | undefined {
  const uint = (at: number, length: 2 | 4) =>
    order === "II" ? file.readUIntLE(at, length) : file.readUIntBE(at, length);
  if (file.length < 8 || uint(2, 2) !== 42) return undefined;
  const directory = uint(4, 4);
  const first = directory + 2;
  if (first > file.length) return undefined;
  const count = uint(directory, 2);
  if (first + count * ENTRY_BYTES > file.length) return undefined;
  const fields: Field[] = [];
  for (let at = first; at < first + count * ENTRY_BYTES; at += ENTRY_BYTES) {
    const [tag, type, values] = [uint(at, 2), uint(at + 2, 2), uint(at + 4, 4)];
    const length = (TYPE_BYTES[type] ?? 0) * values;
    const from = length <= 4 ? at + 8 : uint(at + 8, 4);
    if (length === 0 || from + length > file.length) return undefined;
    fields.push({ tag, type, count: values, value: file.subarray(from, from + length) });
  }
  return { order, fields };
}

/** The same numbers with their bytes in that order. */
function inOrder(order: ByteOrder, fields: ExifFields): ExifFields {
  if (fields.order === order) return fields;
  const { image, camera, place } = fields;
  return { order, image: image.map(swapped), camera: camera.map(swapped), place: place.map(swapped) };
}

function swapped({ value, ...field }: Field): Field {
  const copy = Buffer.from(value);
  switch (WORD_BYTES[field.type]) {
    case 2:
      return { ...field, value: copy.swap16() };
    case 4:
      return { ...field, value: copy.swap32() };
    case 8:
      return { ...field, value: copy.swap64() };
    default:
      return { ...field, value: copy };
  }
}
