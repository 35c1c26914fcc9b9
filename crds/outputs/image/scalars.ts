import { z } from "zod";

/** An edge in pixels, as long as WebP can have it. */
export const edge = z.int().min(1).max(16383);

/** A colour, with or without alpha. */
export const colour = z
  .string()
  .min(4)
  .max(9)
  .regex(/^#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$/);

/** Where something sits on a picture, in sharp's words. */
export const gravity = z.enum([
  "centre",
  "north",
  "northeast",
  "east",
  "southeast",
  "south",
  "southwest",
  "west",
  "northwest",
]);
