import { z } from "zod";

/** Fields for animations, and for documents of several pages. */
export const frames = {
  animated: z
    .boolean()
    .optional()
    .describe(
      "animated keeps all frames of an animated gif or webp, with their delays and loop count; false takes one frame. Default false.",
    ),
  page: z
    .int()
    .min(0)
    .max(99_999)
    .optional()
    .describe("page is the frame or page to take, from 0. Default 0."),
  loop: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe("loop is how often an animation plays; 0 for ever. The source's own when unset."),
};
