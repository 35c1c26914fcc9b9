import { z } from "zod";
import { exactlyOneOf, validations } from "../../validation.ts";
import { colour, edge } from "./scalars.ts";

/** Fields that say which part of a picture is shown, how large, and in which form. */
export const geometry = {
  width: edge.optional().describe("width in pixels. With height unset the ratio is kept."),
  height: edge
    .optional()
    .describe(
      "height in pixels. With width unset the ratio is kept. With widths it is that of the largest, and the others in proportion.",
    ),
  widths: z
    .array(edge)
    .min(1)
    .max(16)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe(
      "widths in pixels, 1 to 16 of them, all made from one decode, as for srcset. Where destination.template has no {width}, `-640w` is put before the extension. A JSON file beside them lists all with width, height, bytes and sha256. None when unset.",
    ),
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
  kernel: z
    .enum(["nearest", "linear", "cubic", "mitchell", "lanczos2", "lanczos3", "mks2013", "mks2021"])
    .optional()
    .describe(
      "kernel that resizes; nearest suits pixel art. To enlarge, libvips knows nearest, linear and cubic, and takes cubic for the others. Default lanczos3.",
    ),
  withoutEnlargement: z
    .boolean()
    .optional()
    .describe("withoutEnlargement keeps an image that is smaller than asked at its own size. Default false."),
  upscale: z
    .int()
    .min(2)
    .max(4)
    .optional()
    .describe(
      "upscale multiplies both edges by 2 or 4: those of what extract or trim leaves. Not together with width, height, widths or withoutEnlargement. None when unset.",
    ),
  autoOrient: z
    .boolean()
    .optional()
    .describe(
      "autoOrient turns the image upright as its EXIF orientation says, all eight of them. Default true.",
    ),
  extract: z
    .strictObject({
      left: z.int().min(0).max(65535).describe("left edge of the region in pixels."),
      top: z.int().min(0).max(65535).describe("top edge of the region in pixels."),
      width: z.int().min(1).max(65535).describe("width of the region in pixels."),
      height: z.int().min(1).max(65535).describe("height of the region in pixels."),
    })
    .optional()
    .describe(
      "extract takes a region of the upright source, in its pixels, before anything is resized. A region that is not wholly inside fails the output. None when unset.",
    ),
  trim: z
    .strictObject({
      threshold: z
        .number()
        .min(0)
        .max(255)
        .default(10)
        .describe("threshold is how far a pixel may differ from the edge's colour. Default 10."),
      margin: z.int().min(0).max(1000).default(0).describe("margin in pixels to leave around. Default 0."),
    })
    .optional()
    .describe(
      "trim removes edges that have the colour of the top left pixel, before anything is resized. None when unset.",
    ),
  rotate: z
    .number()
    .min(-360)
    .max(360)
    .optional()
    .describe(
      "rotate turns the resized image by so many degrees clockwise; background fills the corners. Default 0.",
    ),
  flip: z.boolean().optional().describe("flip mirrors the image top to bottom. Default false."),
  flop: z.boolean().optional().describe("flop mirrors the image left to right. Default false."),
  extend: z
    .strictObject({
      top: z.int().min(0).max(4096).default(0).describe("top edge to add in pixels. Default 0."),
      right: z.int().min(0).max(4096).default(0).describe("right edge to add in pixels. Default 0."),
      bottom: z.int().min(0).max(4096).default(0).describe("bottom edge to add in pixels. Default 0."),
      left: z.int().min(0).max(4096).default(0).describe("left edge to add in pixels. Default 0."),
      extendWith: z
        .enum(["background", "copy", "repeat", "mirror"])
        .default("background")
        .describe("extendWith says what the new edges show. Default background."),
    })
    .optional()
    .describe("extend adds edges to the resized image. None when unset."),
  shape: z
    .strictObject({
      circle: z
        .strictObject({})
        .optional()
        .describe("circle cuts the largest ellipse that fits; a circle when the image is square."),
      rounded: z
        .strictObject({
          radius: z.int().min(1).max(8192).describe("radius of the corners in pixels."),
        })
        .optional()
        .describe("rounded cuts round corners."),
    })
    .meta(validations(exactlyOneOf("circle", "rounded")))
    .optional()
    .describe(
      "shape cuts the finished image; outside is transparent, or background where the format has no alpha. None when unset.",
    ),
  background: colour
    .optional()
    .describe(
      "background fills letterboxes, new edges and corners, and what is transparent where the format has no alpha, as #rgb, #rgba, #rrggbb or #rrggbbaa. Default white, and transparent where the format has alpha.",
    ),
};
