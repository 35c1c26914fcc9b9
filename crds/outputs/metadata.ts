import { z } from "zod";

export const metadataOutput = z
  .strictObject({
    detail: z
      .enum(["Fast", "Full"])
      .default("Fast")
      .describe(
        "detail: Fast reads headers and the first 600 packets, Full reads every packet, which measures the duration, the frame count and all keyframes; nothing is decoded. For videos and sound; a picture is always described in full. Default Fast.",
      ),
    checksum: z
      .boolean()
      .default(false)
      .describe(
        "checksum adds the sha256 of a video or sound source, for which all of it is read; that of a picture is always there. Default false.",
      ),
  })
  .describe(
    "A JSON file that describes a video, sound or picture source: container, streams, codecs, sizes, rates, colour, languages, timecode, chapters, warnings; of a picture its size, colour, EXIF, IPTC, XMP, ICC profile and place, its sharpness, entropy and dominant colour, and a perceptual hash. Unknown values are null, never guessed.",
  );

export type MetadataOutput = z.output<typeof metadataOutput>;
