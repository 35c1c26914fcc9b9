import { z } from "zod";
import { overlays } from "./overlays.ts";
import { colour } from "./scalars.ts";

/** Fields that change how the pixels look, once the picture has its size. */
export const tone = {
  flatten: z
    .boolean()
    .optional()
    .describe("flatten lays the image on background and drops alpha, as jpeg always does. Default false."),
  grayscale: z.boolean().optional().describe("grayscale drops all colour. Default false."),
  negate: z.boolean().optional().describe("negate inverts the colours, never alpha. Default false."),
  tint: colour
    .optional()
    .describe("tint gives the image one hue and keeps its lightness, as #rrggbb. None when unset."),
  normalise: z
    .strictObject({
      lower: z.number().min(0).max(99).default(1).describe("lower percentile that becomes black. Default 1."),
      upper: z
        .number()
        .min(1)
        .max(100)
        .default(99)
        .describe("upper percentile that becomes white. Default 99."),
    })
    .optional()
    .describe("normalise stretches the lightness over its full range. None when unset."),
  clahe: z
    .strictObject({
      width: z.int().min(3).max(1024).describe("width of the neighbourhood in pixels."),
      height: z.int().min(3).max(1024).describe("height of the neighbourhood in pixels."),
      maxSlope: z
        .int()
        .min(0)
        .max(100)
        .default(3)
        .describe("maxSlope limits the contrast; 0 does not limit it. Default 3."),
    })
    .optional()
    .describe(
      "clahe raises the contrast locally, limited so that noise stays down; its neighbourhood is at most the image, and its result has 8 bits a channel. None when unset.",
    ),
  gamma: z
    .number()
    .min(1)
    .max(3)
    .optional()
    .describe(
      "gamma darkens before and brightens after resizing by 1/gamma, 1.0 to 3.0; 2.2 resizes in linear light. None when unset.",
    ),
  modulate: z
    .strictObject({
      brightness: z.number().min(0).max(10).optional().describe("brightness multiplier. Default 1."),
      saturation: z.number().min(0).max(10).optional().describe("saturation multiplier. Default 1."),
      hue: z.int().min(-360).max(360).optional().describe("hue rotation in degrees. Default 0."),
      lightness: z.number().min(-100).max(100).optional().describe("lightness to add. Default 0."),
    })
    .optional()
    .describe("modulate changes brightness, saturation, hue and lightness. None when unset."),
  median: z
    .int()
    .min(3)
    .max(15)
    .optional()
    .describe(
      "median removes specks with a square of so many pixels, 3 to 15; at most as many as the image has. None when unset.",
    ),
  blur: z
    .number()
    .min(0.3)
    .max(100)
    .optional()
    .describe("blur is the sigma of a Gaussian blur in pixels, 0.3 to 100. None when unset."),
  sharpen: z
    .strictObject({
      sigma: z.number().min(0.1).max(10).describe("sigma of the mask in pixels; 1 suits a large reduction."),
      m1: z.number().min(0).max(100).optional().describe("m1 is the strength in flat areas. Default 1."),
      m2: z.number().min(0).max(100).optional().describe("m2 is the strength in jagged areas. Default 2."),
    })
    .optional()
    .describe("sharpen the resized image. Not together with enhance. None when unset."),
  enhance: z
    .strictObject({
      strength: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe("strength from 0, which changes nothing, to 1. Default 0.5."),
    })
    .optional()
    .describe(
      "enhance measures the levels of the source, stretches them, removes specks at strength 0.7 and above, and sharpens. Not together with sharpen. None when unset.",
    ),
  overlays,
};
