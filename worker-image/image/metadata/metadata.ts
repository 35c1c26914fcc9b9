import { open } from "node:fs/promises";
import type { Metadata, Sharp } from "sharp";
import { METADATA_GROUPS, type MetadataGroup } from "../../../crds/outputs/image/metadata.ts";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import type { ImageSource } from "../read/image-source.ts";
import type { Rendering } from "../rendering.ts";
import type { Profile } from "../steps/profile.ts";
import { withDensity } from "./exif/density.ts";
import { tagsOf } from "./exif/fields.ts";
import { type ExifFields, type Field, readFields } from "./exif/read.ts";
import { writeExif } from "./exif/write.ts";
import { exifOfIptc, keptIptc } from "./iptc.ts";
import { EXIF } from "./jpeg-segments.ts";
import { copyrightXmp, uprightXmp } from "./xmp.ts";

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

/** The groups that stay under a spec; undefined when all metadata stay as they are. */
export function keptGroups({
  metadata = "Copyright",
  keepMetadata = [],
}: ImageOutput): Set<MetadataGroup> | undefined {
  return metadata === "Keep" ? undefined : new Set([...GROUPS[metadata], ...keepMetadata]);
}

/**
 * What a file says of all its pixels: what their colours mean, unless they have a `profile` that says so on their way, how
 * dense they are, and that they are upright.
 */
export function applyLabels(
  pipeline: Sharp,
  settings: ImageOutput,
  { source, profile }: { source: ImageSource; profile: Profile },
): Sharp {
  const { xmp } = source.header;
  if (profile === undefined && isLabelled(source, settings)) pipeline.withIccProfile("srgb");
  if (settings.density !== undefined) pipeline.withDensity(settings.density);
  const isMadeUpright = keptGroups(settings) === undefined && settings.autoOrient !== false;
  const upright = isMadeUpright && xmp && uprightXmp(xmp);
  if (upright && !upright.equals(xmp)) pipeline.withXmp(upright.toString());
  return pipeline;
}

/** Metadata as bytes. */
export interface KeptMetadata {
  /** Fields of EXIF, for a file whose own directory they stand in. */
  fields: ExifFields | undefined;
  /** A TIFF structure, without the letters that a JPEG puts before it. The size is known once a picture is made. */
  exif: ((size: { width: number; height: number }) => Buffer) | undefined;
  xmp: Buffer | undefined;
  /** Data sets. */
  iptc: Buffer | undefined;
}

/**
 * What is put beside a picture under a spec; undefined when all metadata come along with it. Those of a TIFF do not, and
 * EXIF does not come along into one: its directories are the EXIF and tell where its pixels lie, so that all of it are the
 * fields of all groups.
 */
export async function keptMetadata(
  source: ImageSource,
  { format, settings }: Pick<Rendering, "format" | "settings">,
): Promise<KeptMetadata | undefined> {
  const { header } = source;
  const named = keptGroups(settings);
  const comesAlong = !named && source.kind !== "tiff";
  if (comesAlong && format !== "tiff") return undefined;
  const groups = named ?? new Set(METADATA_GROUPS);
  const iptc = iptcOf(source, groups);
  const fields = withCopyright(await keptFields(source, groups), groups.has("Copyright") ? iptc : undefined);
  if (comesAlong) return { fields, exif: undefined, xmp: undefined, iptc };
  const density = settings.density ?? (named ? undefined : header.density);
  const written = fields ?? (density === undefined ? undefined : NO_FIELDS);
  return {
    fields,
    exif: written && ((size) => writeExif(written, { ...size, density })),
    xmp: header.xmp && keptXmp(header.xmp, groups),
    iptc,
  };
}

function keptXmp(xmp: Buffer, groups: ReadonlySet<MetadataGroup>): Buffer | undefined {
  if (groups.has("Xmp")) return uprightXmp(xmp);
  return groups.has("Copyright") ? copyrightXmp(xmp) : undefined;
}

/** With the copyright that only IPTC tells, for which most files have no other place. */
function withCopyright(fields: ExifFields | undefined, iptc: Buffer | undefined): ExifFields | undefined {
  const own = fields ?? NO_FIELDS;
  const isLacking = ({ tag }: Field) => !own.image.some((each) => each.tag === tag);
  const lacking = iptc ? exifOfIptc(iptc).filter(isLacking) : [];
  return lacking.length > 0 ? { ...own, image: [...own.image, ...lacking] } : fields;
}

export const NO_FIELDS: ExifFields = { order: "II", image: [], camera: [], place: [] };

/** The fields of a source's EXIF that stay, as they are coded; libvips hands out no EXIF of a TIFF. */
async function keptFields(
  { kind, header, opened }: ImageSource,
  groups: ReadonlySet<MetadataGroup>,
): Promise<ExifFields | undefined> {
  const wanted = tagsOf(groups);
  if (kind === "tiff") {
    const file = await open(opened.path);
    try {
      return await readFields(async (at, length) => {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at);
        return buffer.subarray(0, bytesRead);
      }, wanted);
    } finally {
      await file.close();
    }
  }
  const tiff = exifOf(header);
  return tiff && (await readFields(async (at, length) => tiff.subarray(at, at + length), wanted));
}

/** A source's EXIF as a TIFF structure, without the letters that a JPEG puts before it. */
const exifOf = ({ exif }: Metadata): Buffer | undefined =>
  exif?.subarray(0, EXIF.length).toString("latin1") === EXIF ? exif.subarray(EXIF.length) : exif;

/**
 * The EXIF of a picture of which all metadata stay and the density alone changes: all its own but for that. Undefined
 * where its own has no place for it.
 */
export function exifOfDensity(
  header: Metadata,
  own: { width: number; height: number; density: number },
): Buffer | undefined {
  const exif = exifOf(header);
  return exif ? withDensity(exif, own.density) : writeExif(NO_FIELDS, own);
}

/** The IPTC that stays, as data sets. A TIFF may have it among Photoshop's resources alone. */
function iptcOf({ header }: ImageSource, groups: ReadonlySet<MetadataGroup>): Buffer | undefined {
  const block = header.iptc ?? header.tifftagPhotoshop;
  if (!block || !(groups.has("Iptc") || groups.has("Copyright"))) return undefined;
  return keptIptc(block, { isAll: groups.has("Iptc") });
}

/**
 * Whether colours that were converted to sRGB are labelled as such: where the source says what its colours
 * mean, so does what is made of it. Greys would become three channels for a label.
 */
export function isLabelled({ header }: ImageSource, settings: ImageOutput): boolean {
  const groups = keptGroups(settings);
  const isOwn = settings.colourspace === "keep" || groups?.has("Icc") === true;
  const isConverted =
    groups !== undefined && settings.colourspace !== "p3" && (!isOwn || header.space === "cmyk");
  const isGrey = settings.grayscale === true || header.space === "b-w" || header.space === "grey16";
  return header.hasProfile && isConverted && settings.metadata !== "Strip" && !isGrey;
}
