import { z } from "zod";
import { relativePath } from "../../scalars.ts";
import { exactlyOneOf, validations } from "../../validation.ts";
import { colour, edge, gravity } from "./scalars.ts";

/** Other pictures and texts that are laid on a picture. */
export const overlays = z
  .array(
    z
      .strictObject({
        image: z
          .strictObject({
            path: relativePath.describe("path of the image on the source's volume."),
            width: edge
              .optional()
              .describe(
                "width in pixels to which the overlay is resized. Its own, at most the image's, when unset.",
              ),
          })
          .optional()
          .describe("image lays another image on top."),
        text: z
          .strictObject({
            text: z
              .string()
              .min(1)
              .max(500)
              .describe(
                "text to draw; no markup. A letter that no font of the worker image has fails the output.",
              ),
            font: z
              .string()
              .min(1)
              .max(100)
              .regex(/^[\w .-]+$/)
              .default("sans")
              .describe(
                "font by name, with weight or style, e.g. `sans bold`. One that the worker image does not have is drawn in the nearest, with a warning. Default sans.",
              ),
            size: z.int().min(4).max(1000).default(32).describe("size of the letters in pixels. Default 32."),
            colour: colour.default("#ffffff").describe("colour of the letters. Default #ffffff."),
          })
          .optional()
          .describe("text draws a text."),
        gravity: gravity.default("centre").describe("gravity is where the overlay sits. Default centre."),
        offset: z
          .strictObject({
            horizontal: z
              .int()
              .min(-16383)
              .max(16383)
              .default(0)
              .describe("horizontal offset in pixels to the right. Default 0."),
            vertical: z
              .int()
              .min(-16383)
              .max(16383)
              .default(0)
              .describe("vertical offset in pixels down. Default 0."),
          })
          .optional()
          .describe("offset moves the overlay from where gravity puts it, and tiles as well."),
        opacity: z.number().min(0).max(1).default(1).describe("opacity from 0 to 1. Default 1."),
        tile: z
          .boolean()
          .default(false)
          .describe("tile repeats the overlay over the whole image. Default false."),
        blend: z
          .enum([
            "over",
            "multiply",
            "screen",
            "overlay",
            "darken",
            "lighten",
            "color-dodge",
            "color-burn",
            "hard-light",
            "soft-light",
            "difference",
            "exclusion",
            "add",
            "dest-in",
            "dest-out",
          ])
          .default("over")
          .describe("blend mode, in libvips' words. Default over."),
      })
      .meta(validations(exactlyOneOf("image", "text")))
      .describe("One overlay."),
  )
  .min(1)
  .max(8)
  .optional()
  .meta({ "x-kubernetes-list-type": "atomic" })
  .describe(
    "overlays are laid on the resized image in order, 1 to 8: watermarks, logos, captions. None when unset.",
  );
