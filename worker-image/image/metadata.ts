import exifr from "exifr";
import sharp, { type Exif, type Sharp } from "sharp";
import type { MetadataGroup } from "../../crds/outputs/image/metadata.ts";
import type { ImageOutput } from "../../crds/outputs/image.ts";
import type { ImageSource } from "./image-source.ts";
import { iptcSegment } from "./iptc.ts";
import { EXIF, type JpegSegment, splitJpeg, startsWith } from "./jpeg-segments.ts";

/**
 * Which metadata stay. Nothing stays by being overlooked: except for `Keep`, the file is written without any
 * and what the spec names is put back, field by field. So maker notes, thumbnails, serial numbers and fields
 * that nobody knows are gone. How a picture was taken tells nothing of anybody; where, when and by which camera
 * does.
 */

const GROUPS: Record<Exclude<NonNullable<ImageOutput["metadata"]>, "Keep">, readonly MetadataGroup[]> = {
  Strip: [],
  Copyright: ["Copyright"],
  Technical: ["Copyright", "Camera"],
};

/** Fields of each group, by directory: the image's, the camera's (Exif), the place's (GPS). */
const FIELDS: Partial<Record<MetadataGroup, Partial<Record<"IFD0" | "IFD2" | "IFD3", readonly string[]>>>> = {
  Copyright: { IFD0: ["Artist", "Copyright"] },
  Camera: {
    IFD0: ["Make", "Model", "Software"],
    IFD2: [
      ...["LensMake", "LensModel", "ExposureTime", "FNumber", "ExposureProgram", "ExposureBiasValue"],
      ...["ISOSpeedRatings", "FocalLength", "FocalLengthIn35mmFilm", "MeteringMode", "Flash", "WhiteBalance"],
    ],
  },
  Dates: {
    IFD0: ["DateTime"],
    IFD2: [
      "DateTimeOriginal",
      "DateTimeDigitized",
      "OffsetTime",
      "OffsetTimeOriginal",
      "OffsetTimeDigitized",
    ],
  },
  Exif: {
    IFD0: [
      ...["ImageDescription", "Make", "Model", "Software", "DateTime", "Artist", "HostComputer", "Copyright"],
      ...["DocumentName", "Rating"],
    ],
    IFD2: [
      ...["ExposureTime", "FNumber", "ExposureProgram", "SpectralSensitivity", "ISOSpeedRatings"],
      ...["SensitivityType", "StandardOutputSensitivity", "RecommendedExposureIndex", "ISOSpeed"],
      ...["DateTimeOriginal", "DateTimeDigitized", "OffsetTime", "OffsetTimeOriginal", "OffsetTimeDigitized"],
      ...["SubSecTime", "SubSecTimeOriginal", "SubSecTimeDigitized", "ShutterSpeedValue", "ApertureValue"],
      ...["BrightnessValue", "ExposureBiasValue", "MaxApertureValue", "SubjectDistance", "MeteringMode"],
      ...[
        "LightSource",
        "Flash",
        "FocalLength",
        "FlashEnergy",
        "FocalPlaneXResolution",
        "FocalPlaneYResolution",
      ],
      ...["FocalPlaneResolutionUnit", "ExposureIndex", "SensingMethod", "CustomRendered", "ExposureMode"],
      ...["WhiteBalance", "DigitalZoomRatio", "FocalLengthIn35mmFilm", "SceneCaptureType", "GainControl"],
      ...[
        "Contrast",
        "Saturation",
        "Sharpness",
        "SubjectDistanceRange",
        "CameraOwnerName",
        "BodySerialNumber",
      ],
      ...["LensSpecification", "LensMake", "LensModel", "LensSerialNumber", "Gamma"],
    ],
  },
  Gps: {
    IFD3: [
      ...["GPSVersionID", "GPSLatitudeRef", "GPSLatitude", "GPSLongitudeRef", "GPSLongitude"],
      ...["GPSAltitudeRef", "GPSAltitude", "GPSTimeStamp", "GPSDateStamp", "GPSImgDirectionRef"],
      ...["GPSImgDirection", "GPSSpeedRef", "GPSSpeed", "GPSMapDatum"],
    ],
  },
};

/** Where exifr calls a field otherwise than libexif. */
const READ_AS: Record<string, string> = {
  ISOSpeedRatings: "ISO",
  DateTime: "ModifyDate",
  DateTimeDigitized: "CreateDate",
  ExposureBiasValue: "ExposureCompensation",
  FocalLengthIn35mmFilm: "FocalLengthIn35mmFormat",
  CameraOwnerName: "OwnerName",
  BodySerialNumber: "SerialNumber",
  LensSpecification: "LensInfo",
};

/** The groups that stay under a spec; undefined when all metadata stay as they are. */
export function keptGroups({
  metadata = "Copyright",
  keepMetadata = [],
}: ImageOutput): Set<MetadataGroup> | undefined {
  return metadata === "Keep" ? undefined : new Set([...GROUPS[metadata], ...keepMetadata]);
}

/** Puts what stays on a pipeline, field by field; where all of it stays, it came along with the pixels. */
export async function applyMetadata(
  pipeline: Sharp,
  settings: ImageOutput,
  source: ImageSource,
): Promise<Sharp> {
  const { header } = source;
  const groups = keptGroups(settings);
  if (isLabelled(source, settings)) pipeline.withIccProfile("srgb");
  if (groups !== undefined) {
    const exif = await keptExif(header.exif, groups);
    if (exif) pipeline.withExif(exif);
    if (groups.has("Xmp") && header.xmpAsString) pipeline.withXmp(header.xmpAsString);
  }
  if (settings.density !== undefined) pipeline.withDensity(settings.density);
  return pipeline;
}

/** Metadata as bytes. */
export interface KeptMetadata {
  /** A TIFF structure, without the letters that a JPEG puts before it. */
  exif: Buffer | undefined;
  xmp: Buffer | undefined;
  iptc: JpegSegment | undefined;
}

/** What stays under a spec beside a picture that is not coded anew; undefined when all of it stays. */
export async function keptMetadata(
  source: ImageSource,
  settings: ImageOutput,
): Promise<KeptMetadata | undefined> {
  const groups = keptGroups(settings);
  if (!groups) return undefined;
  const { header } = source;
  const exif = await keptExif(header.exif, groups);
  return {
    exif: exif && (await writeExif(exif, header)),
    xmp: groups.has("Xmp") ? header.xmp : undefined,
    iptc: keptIptc(source, settings),
  };
}

/** As libvips writes it, with the size of the picture: taken from a blank JPEG. */
async function writeExif(
  exif: Exif,
  { width, height }: { width: number; height: number },
): Promise<Buffer | undefined> {
  const blank = sharp({ create: { width, height, channels: 3, background: "#000000" } });
  const carrier = splitJpeg(await blank.jpeg({ quality: 1 }).withExif(exif).toBuffer());
  return carrier?.segments.find((segment) => startsWith(segment, EXIF))?.body.subarray(EXIF.length);
}

/** The IPTC of a source that stays under a spec, as a segment of a JPEG; libvips writes none by itself. */
export function keptIptc({ header }: ImageSource, settings: ImageOutput): JpegSegment | undefined {
  const groups = keptGroups(settings);
  if (!groups || !header.iptc || !(groups.has("Iptc") || groups.has("Copyright"))) return undefined;
  return iptcSegment(header.iptc, { isAll: groups.has("Iptc") });
}

/**
 * Whether colours that were converted to sRGB are labelled as such: where the source says what its colours
 * mean, so does what is made of it. Greys would become three channels for a label.
 */
function isLabelled({ header }: ImageSource, settings: ImageOutput): boolean {
  const groups = keptGroups(settings);
  const isConverted =
    groups !== undefined && !groups.has("Icc") && (settings.colourspace ?? "srgb") === "srgb";
  const isGrey = settings.grayscale === true || header.space === "b-w" || header.space === "grey16";
  return header.hasProfile && isConverted && settings.metadata !== "Strip" && !isGrey;
}

/** The kept fields as text, which is how libvips takes them; undefined when there are none. */
async function keptExif(
  exif: Buffer | undefined,
  groups: ReadonlySet<MetadataGroup>,
): Promise<Exif | undefined> {
  if (!exif || groups.size === 0) return undefined;
  const read = await readExif(exif);
  if (!read) return undefined;
  const kept: Record<string, Record<string, string>> = {};
  for (const group of groups) {
    for (const [directory, names] of Object.entries(FIELDS[group] ?? {})) {
      for (const name of names) {
        const text = textOf(read[READ_AS[name] ?? name]);
        if (text !== undefined) kept[directory] = { ...kept[directory], [name]: text };
      }
    }
  }
  return Object.keys(kept).length > 0 ? (kept as Exif) : undefined;
}

/** Raw values by name; undefined for EXIF that is damaged, which is then not kept. */
async function readExif(exif: Buffer): Promise<Record<string, unknown> | undefined> {
  const tiff = exif.subarray(0, 6).toString("latin1") === "Exif\0\0" ? exif.subarray(6) : exif;
  try {
    return await exifr.parse(tiff, {
      ...{ tiff: true, ifd0: {}, exif: true, gps: true, makerNote: false, userComment: false },
      ...{ translateKeys: true, translateValues: false, reviveValues: false, mergeOutput: true },
    });
  } catch {
    return undefined;
  }
}

/** Numbers as fractions of a million at most, since libvips makes rationals of them. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.replace(/\0+$/, "") || undefined;
  if (typeof value === "number") return Number.isFinite(value) ? asText(value) : undefined;
  if (
    value instanceof Uint8Array ||
    (Array.isArray(value) && value.every((part) => typeof part === "number"))
  ) {
    return Array.from(value as ArrayLike<number>, asText).join(" ");
  }
  return undefined;
}

function asText(value: number): string {
  if (Number.isInteger(value)) return `${value}`;
  return value > 0 && value < 1 ? `1/${Math.round(1 / value)}` : `${Math.round(value * 10_000)}/10000`;
}
