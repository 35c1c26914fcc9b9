import { z } from "zod";

export const metadataOutput = z
  .strictObject({
    detail: z
      .enum(["Fast", "Full"])
      .default("Fast")
      .describe(
        "detail: Fast reads headers and the first 600 packets, Full reads every packet, which measures the duration, the frame count and all keyframes; nothing is decoded.",
      ),
    checksum: z
      .boolean()
      .default(false)
      .describe("checksum adds the sha256 of the source, for which all of it is read."),
  })
  .describe(
    "A JSON file that describes a video, sound or picture source: container, streams, codecs, sizes, rates, colour, languages, timecode, chapters, warnings. Unknown values are null, never guessed.",
  );

export type MetadataOutput = z.output<typeof metadataOutput>;
