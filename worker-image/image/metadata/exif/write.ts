import { type ByteOrder, CAMERA_POINTER, type ExifFields, type Field, PLACE_POINTER } from "./read.ts";

/** What a picture says of itself beside the fields that are kept. */
export interface OwnFields {
  width: number;
  height: number;
  /** Pixels per inch. */
  density?: number | undefined;
}

const HEAD_BYTES = 8;
const ENTRY_BYTES = 12;

/** Types by TIFF 6.0, section 2. */
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;

/**
 * A TIFF structure with these fields, and with those of the picture itself: it is upright, of that size and, where one
 * is given, of that density.
 */
export function writeExif(
  { order, image, camera, place }: ExifFields,
  { width, height, density }: OwnFields,
): Buffer {
  const field = (tag: number, type: number, ...numbers: number[]): Field => {
    const bytes = type === SHORT ? 2 : 4;
    const count = type === RATIONAL ? 1 : numbers.length;
    return { tag, type, count, value: Buffer.concat(numbers.map((number) => uint(number, bytes, order))) };
  };
  const resolution = (tag: number, perInch: number) => field(tag, RATIONAL, Math.round(perInch * 1000), 1000);
  const own = [
    field(0x0112, SHORT, 1), // Orientation
    ...(density === undefined
      ? []
      : [resolution(0x011a, density), resolution(0x011b, density), field(0x0128, SHORT, 2)]), // per inch
  ];
  const size = [field(0xa002, LONG, width), field(0xa003, LONG, height)];
  return Buffer.concat([
    Buffer.from(order, "latin1"),
    uint(42, 2, order),
    uint(HEAD_BYTES, 4, order),
    directoriesAt(HEAD_BYTES, { order, image: [...image, ...own], camera: [...camera, ...size], place }),
  ]);
}

/** Directories with these fields, the image's first, which tells where the others are; those without fields are left out. */
export function directoriesAt(at: number, { order, image, camera, place }: ExifFields): Buffer {
  const pointer = (tag: number, to: number): Field => ({
    tag,
    type: LONG,
    count: 1,
    value: uint(to, 4, order),
  });
  const ofImage = (cameraAt: number, placeAt: number) => [
    ...image,
    ...(camera.length > 0 ? [pointer(CAMERA_POINTER, cameraAt)] : []),
    ...(place.length > 0 ? [pointer(PLACE_POINTER, placeAt)] : []),
  ];
  const cameraAt = at + directory(ofImage(0, 0), 0, order).length;
  const ofCamera = camera.length > 0 ? directory(camera, cameraAt, order) : Buffer.alloc(0);
  const placeAt = cameraAt + ofCamera.length;
  return Buffer.concat([
    directory(ofImage(cameraAt, placeAt), at, order),
    ofCamera,
    ...(place.length > 0 ? [directory(place, placeAt, order)] : []),
  ]);
}

/** A directory that begins there, by rising numbers; behind it the values that its entries have no room for. */
function directory(fields: readonly Field[], at: number, order: ByteOrder): Buffer {
  let valueAt = at + 2 + fields.length * ENTRY_BYTES + 4;
  const values: Buffer[] = [];
  const entries = fields
    .toSorted((a, b) => a.tag - b.tag)
    .flatMap(({ tag, type, count, value }) => {
      const head = [uint(tag, 2, order), uint(type, 2, order), uint(count, 4, order)];
      if (value.length <= 4) return [...head, value, Buffer.alloc(4 - value.length)];
      const to = valueAt;
      valueAt += value.length + (value.length % 2);
      values.push(value, Buffer.alloc(value.length % 2));
      return [...head, uint(to, 4, order)];
    });
  return Buffer.concat([uint(fields.length, 2, order), ...entries, uint(0, 4, order), ...values]);
}

function uint(value: number, length: 2 | 4, order: ByteOrder): Buffer {
  const bytes = Buffer.alloc(length);
  if (order === "II") bytes.writeUIntLE(value, 0, length);
  else bytes.writeUIntBE(value, 0, length);
  return bytes;
}
