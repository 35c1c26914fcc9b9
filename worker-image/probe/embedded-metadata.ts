import exifr from "exifr";
import type { Metadata } from "sharp";

/** What a picture says of itself besides its pixels. Null where it says nothing, or nothing that can be read. */
export interface EmbeddedMetadata {
  /** EXIF by exifr's names; numbers as numbers, dates as written, since EXIF need not know their time zone. */
  exif: Record<string, unknown> | null;
  /** Where it was taken. Degrees, south and west negative; metres, below the sea negative. */
  gps: Record<string, unknown> | null;
  iptc: Record<string, unknown> | null;
  /** XMP by namespace, as its prefix. */
  xmp: Record<string, unknown> | null;
  icc: Record<string, unknown> | null;
  /** Blocks that are there and cannot be parsed. */
  damaged: ("exif" | "iptc" | "xmp" | "icc")[];
}

const READING = { translateKeys: true, translateValues: true, reviveValues: false } as const;

/**
 * Of XMP, which programs write in tens of KiB. exifr takes the square of the length of what opens tags and ends none: 3 s
 * for so many bytes, in which nothing else goes on.
 */
const XMP_BYTES_MOST = 128 * 1024;

/** Where a TIFF's pixels lie and how they are packed: the file's own business. */
const LAYOUT = /^(Strip|RowsPerStrip|Tile|JPEGTables|FreeOffsets|SubIFDs)/;

/**
 * Parses the blocks that libvips found in a header. `tiffPath` is the file itself where it is a TIFF: libvips
 * hands out no EXIF of those, whose directories are the EXIF.
 */
export async function readEmbedded(
  { exif, iptc, xmp, icc }: Pick<Metadata, "exif" | "iptc" | "xmp" | "icc">,
  tiffPath?: string,
): Promise<EmbeddedMetadata> {
  const damaged: EmbeddedMetadata["damaged"] = [];
  const read = async (name: (typeof damaged)[number], parse: () => Promise<unknown>) => {
    try {
      return plain(await parse());
    } catch {
      damaged.push(name);
      return null;
    }
  };
  const block = async (name: (typeof damaged)[number], data: Buffer | undefined, type: string = name) =>
    data ? await read(name, () => exifr.sidecar(data, { [type]: { ...READING } }, type)) : null;

  const isXmpRead = xmp === undefined || xmp.length <= XMP_BYTES_MOST;
  if (!isXmpRead) damaged.push("xmp");
  const directories = tiffPath
    ? await read("exif", () => exifr.parse(tiffPath, { ...READING, tiff: true, exif: true, gps: true }))
    : await block("exif", exif && withoutMarker(exif), "tiff");
  return {
    ...splitPlace(directories),
    iptc: inUtf8(await block("iptc", iptc)),
    xmp: withoutKey(isXmpRead ? await block("xmp", xmp) : null, "xmlns"),
    icc: await block("icc", icc),
    damaged,
  };
}

const withoutMarker = (exif: Buffer): Buffer =>
  exif.subarray(0, 6).toString("latin1") === "Exif\0\0" ? exif.subarray(6) : exif;

/** What of a parsed block goes into JSON: no thumbnails, curves and maker notes, and nothing when nothing is left. */
function plain(parsed: unknown): Record<string, unknown> | null {
  if (typeof parsed !== "object" || parsed === null) return null;
  const kept = Object.entries(parsed).flatMap(([key, value]) => {
    const shown = value instanceof Uint8Array ? shortBytes(value) : value;
    return shown === undefined || LAYOUT.test(key) ? [] : [[key, shown] as const];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : null;
}

/** Versions and flags are bytes in EXIF: as text where they are text, as numbers where they are few. */
function shortBytes(bytes: Uint8Array): string | number | number[] | undefined {
  if (bytes.length > 16) return undefined;
  const text = Buffer.from(bytes).toString("latin1");
  if (/^[\x20-\x7e]+$/.test(text)) return text;
  return bytes.length === 1 ? bytes[0] : [...bytes];
}

/** The place is what people look for, and look to be rid of; so it stands by itself. */
function splitPlace(directories: Record<string, unknown> | null): Pick<EmbeddedMetadata, "exif" | "gps"> {
  if (!directories) return { exif: null, gps: null };
  const isPlace = (key: string) => /^(GPS|latitude$|longitude$)/.test(key);
  const part = (isWanted: (key: string) => boolean) => {
    const entries = Object.entries(directories).filter(([key]) => isWanted(key));
    return entries.length > 0 ? Object.fromEntries(entries) : null;
  };
  const gps = part(isPlace);
  if (gps && typeof gps.GPSAltitude === "number") {
    gps.altitudeMetres = gps.GPSAltitudeRef === 1 ? -gps.GPSAltitude : gps.GPSAltitude;
  }
  return { exif: part((key) => !isPlace(key)), gps };
}

/** IPTC has no say in how its text is coded that all writers heed; UTF-8 is what makes sense as UTF-8. */
function inUtf8(iptc: Record<string, unknown> | null): Record<string, unknown> | null {
  const decode = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(decode);
    if (typeof value !== "string") return value;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "latin1"));
    } catch {
      return value;
    }
  };
  const shown = Object.entries(iptc ?? {}).filter(([key]) => key !== "ApplicationRecordVersion");
  return shown.length > 0 ? Object.fromEntries(shown.map(([key, value]) => [key, decode(value)])) : null;
}

function withoutKey(parsed: Record<string, unknown> | null, key: string): Record<string, unknown> | null {
  if (!parsed) return null;
  const { [key]: _, ...rest } = parsed;
  return Object.keys(rest).length > 0 ? rest : null;
}
