/** Numbers of fields, and types, by TIFF 6.0, sections 2 and 8. */
const RESOLUTIONS = [0x011a, 0x011b] as const;
const RESOLUTION_UNIT = 0x0128;
const SHORT = 3;
const RATIONAL = 5;
const INCH = 2;

const ENTRY_BYTES = 12;

/**
 * The same TIFF structure with another density, in pixels per inch, every other byte as it was; undefined where it tells
 * none, or not as the standard says, so that there is no place to write to.
 */
export function withDensity(tiff: Buffer, perInch: number): Buffer | undefined {
  const made = Buffer.from(tiff);
  const view = new DataView(made.buffer, made.byteOffset, made.length);
  const little = tiff.toString("latin1", 0, 2) === "II";
  const has = (at: number, bytes: number) => at + bytes <= made.length;
  const directory = has(4, 4) ? view.getUint32(4, little) : made.length;
  const count = has(directory, 2) ? view.getUint16(directory, little) : 0;
  const first = directory + 2;
  if (!has(first, count * ENTRY_BYTES)) return undefined;
  /** Where the entry of a field with one value of that type stands. */
  const entryOf = (tag: number, type: number) =>
    Array.from({ length: count }, (_, index) => first + index * ENTRY_BYTES).find(
      (at) =>
        view.getUint16(at, little) === tag &&
        view.getUint16(at + 2, little) === type &&
        view.getUint32(at + 4, little) === 1,
    );
  for (const tag of RESOLUTIONS) {
    const entry = entryOf(tag, RATIONAL);
    const value = entry === undefined ? made.length : view.getUint32(entry + 8, little);
    if (!has(value, 8)) return undefined;
    view.setUint32(value, perInch, little);
    view.setUint32(value + 4, 1, little);
  }
  const unit = entryOf(RESOLUTION_UNIT, SHORT);
  if (unit === undefined) return undefined;
  view.setUint16(unit + 8, INCH, little);
  return made;
}
