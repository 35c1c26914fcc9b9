import { z } from "zod";
import { validations } from "./validation.ts";

/** RFC 1123 label: the name of an item in a list, and a part of file names and of child objects' names. */
export const itemName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** RFC 1123 subdomain: the name of another Kubernetes object. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/**
 * A path below the root of a volume: relative, and no segment is `..`. Any other byte is allowed, since
 * media comes with spaces, quotes and every script; NUL is not, since no file system takes it.
 */
export const relativePath = z
  .string()
  .min(1)
  .max(1024)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what the pattern keeps out
  .regex(/^[^\x00]+$/)
  .meta(
    validations(
      {
        rule: "!self.startsWith('/')",
        message: "must be relative to the volume's root: it must not start with '/'",
      },
      {
        // Not `matches`: over 10,000 paths of 1024 characters its estimated cost is 1.6 times what a rule may have.
        rule: "!(self == '..' || self.startsWith('../') || self.endsWith('/..') || self.contains('/../'))",
        message: "must not leave the volume: the segment '..' is not allowed",
      },
    ),
  );

/** A Kubernetes resource quantity, e.g. `512Mi`. */
export const quantity = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/);

/** An RFC 3339 time, as the API server writes it. */
export const time = z.string().max(40).meta({ format: "date-time" });
