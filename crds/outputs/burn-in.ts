import { z } from "zod";
import { relativePath } from "../scalars.ts";
import { validations } from "../validation.ts";
import { gravity } from "./image/scalars.ts";

/** What is laid over the pictures of a video. */

const moment = z.number().min(0).max(86_400);

export const watermark = z
  .strictObject({
    path: relativePath.describe("path of the image, a PNG, JPEG or WebP, on the source's volume."),
    gravity: gravity.default("southeast").describe("gravity is where the watermark sits. Default southeast."),
    scale: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.15)
      .describe("scale is the watermark's width as a share of the picture's, 0.01 to 1. Default 0.15."),
    margin: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.02)
      .describe("margin to the edges as a share of the picture's width, 0 to 0.5. Default 0.02."),
    opacity: z.number().min(0).max(1).default(1).describe("opacity from 0 to 1. Default 1."),
    startSeconds: moment
      .default(0)
      .describe("startSeconds of the output at which the watermark appears. Default 0."),
    endSeconds: moment
      .optional()
      .describe("endSeconds of the output at which it goes. The output's end when unset."),
  })
  .meta(
    validations({
      rule: "!has(self.endSeconds) || self.endSeconds > self.startSeconds",
      message: "endSeconds must be greater than startSeconds",
      fieldPath: ".endSeconds",
    }),
  );
export type Watermark = z.output<typeof watermark>;

export const burnIn = z
  .strictObject({
    subtitles: z
      .strictObject({
        language: z
          .string()
          .min(2)
          .max(3)
          .regex(/^[a-z]{2,3}$/)
          .optional()
          .describe(
            "language of the source's text track, as an ISO 639 code, e.g. eng. The default track or else the first when unset.",
          ),
        path: relativePath
          .optional()
          .describe(
            "path of a SubRip, WebVTT or ASS file in UTF-8 on the source's volume, instead of a track. A track when unset.",
          ),
      })
      .meta(
        validations({
          rule: "!(has(self.language) && has(self.path))",
          message: "set at most one of language and path: each names the subtitles",
        }),
      )
      .optional()
      .describe("subtitles draws text subtitles into the pictures. None when unset."),
    timecode: z
      .strictObject({
        gravity: gravity.default("south").describe("gravity is where the timecode sits. Default south."),
        size: z
          .number()
          .min(0.01)
          .max(0.5)
          .default(0.05)
          .describe("size of the digits as a share of the picture's height, 0.01 to 0.5. Default 0.05."),
      })
      .optional()
      .describe(
        "timecode draws the source's timecode into the pictures, as the output's frame rate counts it, from 00:00:00:00 where it has none. None when unset.",
      ),
  })
  .meta(
    validations({
      rule: "has(self.subtitles) || has(self.timecode)",
      message: "burnIn needs subtitles or timecode",
    }),
  );
export type BurnIn = z.output<typeof burnIn>;
