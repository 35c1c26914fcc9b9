import type { Sharp } from "sharp";
import type { ImageFormat } from "../../../crds/outputs/image/encoding.ts";
import type { ImageSource } from "../read/image-source.ts";
import type { RenderedFile } from "../rendering.ts";
import { iptcField, iptcSegment, keptIptc } from "./iptc.ts";
import { joinJpeg, splitJpeg } from "./jpeg-segments.ts";
import { type KeptMetadata, NO_FIELDS } from "./metadata.ts";
import { REWRAPS } from "./rewrap/rewraps.ts";
import { addFields } from "./rewrap/tiff.ts";

/**
 * The metadata that stay beside a picture which is coded anew. They go into the finished file as bytes, since libvips
 * takes EXIF as text alone: what stands in brackets, letters beyond ASCII and most fractions would not come out as they
 * were.
 */

/** Puts on a pipeline what can only go that way, and what makes libvips leave a place for the rest. */
export function carryMetadata(pipeline: Sharp, format: ImageFormat, kept: KeptMetadata): Sharp {
  if (REWRAPS[format]) return pipeline;
  if (kept.xmp) pipeline.withXmp(kept.xmp.toString());
  return pipeline;
}

/** Puts the rest into the finished file, in place of any that libvips wrote. */
export function withMetadata(file: RenderedFile, format: ImageFormat, kept: KeptMetadata): RenderedFile {
  const data = dataWith(file, format, kept);
  return { data, info: { ...file.info, size: data.length } };
}

/**
 * All IPTC that the source has, in a JPEG that lacks it: where all metadata come along with the pixels, and these were
 * held in memory as a PNG, which has no place for it.
 */
export function withIptc(file: RenderedFile, format: ImageFormat, { header }: ImageSource): RenderedFile {
  const iptc = format === "jpeg" && header.iptc && keptIptc(header.iptc, { isAll: true });
  const segment = iptc && iptcSegment(iptc);
  const parts = segment ? splitJpeg(file.data) : undefined;
  if (!segment || !parts || parts.segments.some(({ marker }) => marker === segment.marker)) return file;
  const data = joinJpeg({ ...parts, segments: [...parts.segments, segment] });
  return { data, info: { ...file.info, size: data.length } };
}

/** IPTC is a field of a TIFF as those of EXIF are; what libvips makes of it is cut, or is not IPTC. */
function withFields(data: Buffer, { fields = NO_FIELDS, iptc }: KeptMetadata): Buffer {
  const image = iptc ? [...fields.image, iptcField(iptc)] : fields.image;
  return fields === NO_FIELDS && !iptc ? data : addFields(data, { ...fields, image });
}

function dataWith({ data, info }: RenderedFile, format: ImageFormat, kept: KeptMetadata): Buffer {
  if (format === "tiff") return withFields(data, kept);
  const exif = kept.exif?.({ width: info.width, height: info.pageHeight ?? info.height });
  const rewrap = REWRAPS[format];
  if (!rewrap || !(exif || kept.xmp || kept.iptc)) return data;
  const made = rewrap(data, { metadata: { ...kept, exif }, profile: true, alpha: info.channels % 2 === 0 });
  if (!made) throw new Error(`the parts of the encoded ${format} do not add up`);
  return made;
}
