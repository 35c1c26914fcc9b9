import { iptcSegment } from "../iptc.ts";
import { APP1, EXIF, type JpegSegment, joinJpeg, splitJpeg, startsWith } from "../jpeg-segments.ts";
import type { Rewrap } from "./rewrap.ts";

const PROFILE = "ICC_PROFILE\0";
/** XMP specification part 3, 1.1.3. */
const XMP = "http://ns.adobe.com/xap/1.0/\0";
const APP0 = 0xe0;
const APP14 = 0xee;
/** Bytes of a segment, beside the two that tell its length. */
const LONGEST = 65_533;

/**
 * What is coded of a JPEG with other application segments. What came after its end is gone, and so is XMP that is too
 * long for a segment.
 */
export const rewrapJpeg: Rewrap = (file, { metadata, ownExif, density, profile }) => {
  const parts = splitJpeg(file);
  if (!parts) return undefined;
  const isReplaced = (each: JpegSegment) => ownExif !== undefined && startsWith(each, EXIF);
  const beside =
    metadata === undefined
      ? [segment(EXIF, ownExif), ...parts.segments.filter((each) => isMetadata(each) && !isReplaced(each))]
      : [
          segment(EXIF, metadata.exif),
          segment(XMP, metadata.xmp),
          metadata.iptc && iptcSegment(metadata.iptc),
        ];
  const segments = [
    ...parts.segments.filter(isOfPicture).map((each) => withDensity(withoutThumbnail(each), density)),
    ...beside.filter((each) => each !== undefined),
    ...(profile ? parts.segments.filter((each) => startsWith(each, PROFILE)) : []),
  ];
  return joinJpeg({ segments, picture: parts.picture });
};

function segment(name: string, content: Buffer | undefined): JpegSegment | undefined {
  const length = name.length + (content?.length ?? 0);
  if (!content || length > LONGEST) return undefined;
  return { marker: APP1, body: Buffer.concat([Buffer.from(name, "latin1"), content]) };
}

/** JFIF, which says how dense the pixels are, and Adobe's, without which colours are taken for others. */
const isOfPicture = (each: JpegSegment): boolean =>
  (each.marker === APP0 && startsWith(each, "JFIF\0")) ||
  (each.marker === APP14 && startsWith(each, "Adobe"));

/** All but what is of the picture, and the index of further pictures (CIPA DC-007), which are not taken along. */
const isMetadata = (each: JpegSegment): boolean =>
  !isOfPicture(each) &&
  !startsWith(each, PROFILE) &&
  !startsWith(each, "MPF\0") &&
  !startsWith(each, "JFXX\0");

/** JFIF 1.02: the thumbnail follows its width and height, the last two of 14 bytes. */
function withoutThumbnail(each: JpegSegment): JpegSegment {
  if (each.marker !== APP0 || each.body.length <= 14) return each;
  const body = Buffer.from(each.body.subarray(0, 14));
  body.fill(0, 12);
  return { ...each, body };
}

/**
 * JFIF 1.02: the unit, 1 for an inch, and two numbers of two bytes. A file without JFIF has its density in EXIF alone: with
 * such a segment its colours would be taken for others.
 */
function withDensity(each: JpegSegment, density: number | undefined): JpegSegment {
  if (density === undefined || !startsWith(each, "JFIF\0") || each.body.length < 12) return each;
  const body = Buffer.from(each.body);
  body.writeUInt8(1, 7);
  body.writeUInt16BE(density, 8);
  body.writeUInt16BE(density, 10);
  return { ...each, body };
}
