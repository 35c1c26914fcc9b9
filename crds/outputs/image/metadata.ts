import { z } from "zod";

/** Groups of metadata that can be kept one by one. */
export const METADATA_GROUPS = ["Copyright", "Camera", "Dates", "Exif", "Gps", "Iptc", "Xmp", "Icc"] as const;
export type MetadataGroup = (typeof METADATA_GROUPS)[number];

/** Fields that say what the colours mean, and what else is written beside the pixels. */
export const colourAndMetadata = {
  colourspace: z
    .enum(["srgb", "p3", "keep"])
    .optional()
    .describe(
      "colourspace of the pixels: srgb, p3 (Display P3, with its profile), or keep, which keeps the source's profile. Wide gamuts and CMYK are converted by their profiles; no format is written as CMYK, and greys are written as colours, so that a CMYK or grey source becomes sRGB under keep, too, unless its pixels stay as they are coded; a gif, which has no place for a profile, is always sRGB. Default srgb.",
    ),
  metadata: z
    .enum(["Strip", "Copyright", "Technical", "Keep"])
    .optional()
    .describe(
      "metadata that stay: Strip none; Copyright artist and copyright, whether EXIF, IPTC or XMP tells them; Technical these and the camera's settings, but no place, time or serial number; Keep all, the place included. All but Strip keep the label of the colours, where the source has one. A gif carries no metadata, so none of it stays there. A jpeg, png, webp or avif of which nothing but metadata changes keeps its pixels as they are coded; an avif that cannot is coded anew, with the warning CodedAnew unless its quality is said. Default Copyright.",
    ),
  keepMetadata: z
    .array(z.enum(METADATA_GROUPS))
    .min(1)
    .max(8)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe(
      "keepMetadata names groups that stay besides those of metadata: Copyright, Camera, Dates, Exif (all of it but the place, maker notes and thumbnails, serial numbers included), Gps, Iptc (in a jpeg or tiff), Xmp (all of it, with the place where it holds one), Icc. None when unset.",
    ),
};
