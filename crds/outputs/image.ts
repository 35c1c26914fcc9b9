import { z } from "zod";

/** Semantic quality words; each encoder maps them to a number of its own (worker-image/image/quality.ts). */
export const qualityWord = z.enum(["Low", "Medium", "High", "Maximum"]);

export const imageOutput = z
  .strictObject({
    format: z.enum(["jpeg", "png", "webp", "avif"]).describe("format of the file: jpeg, png, webp or avif."),
    width: z
      .int()
      .min(1)
      .max(16383)
      .optional()
      .describe("width in pixels. With height unset the ratio is kept."),
    height: z
      .int()
      .min(1)
      .max(16383)
      .optional()
      .describe("height in pixels. With width unset the ratio is kept."),
    fit: z
      .enum(["cover", "contain", "fill", "inside", "outside"])
      .default("cover")
      .describe(
        "fit is sharp's word for how the image fills width × height when both are set: cover crops, contain letterboxes, fill distorts, inside and outside keep the ratio. Default cover.",
      ),
    position: z
      .enum([
        "centre",
        "top",
        "right top",
        "right",
        "right bottom",
        "bottom",
        "left bottom",
        "left",
        "left top",
        "entropy",
        "attention",
      ])
      .default("centre")
      .describe(
        "position of the crop or letterbox for cover and contain; entropy and attention look at the image. Default centre.",
      ),
    quality: z
      .union([z.int().min(1).max(100), qualityWord])
      .optional()
      .meta({ "x-kubernetes-int-or-string": true })
      .describe("quality as a number from 1 to 100 or a word: Low, Medium, High, Maximum. Default High."),
  })
  .describe("A still image, made by sharp.");

export type ImageOutput = z.output<typeof imageOutput>;
