import { z } from "zod";
import { reserved } from "./reserved.ts";
import { itemName, objectName, relativePath } from "./scalars.ts";
import { exactlyOneOf, validations } from "./validation.ts";

const volumeFile = z
  .strictObject({
    claimName: objectName.describe(
      "claimName is the PersistentVolumeClaim, in the MediaJob's namespace, that holds the file.",
    ),
    path: relativePath.describe(
      "path of the file below the volume's root, e.g. `in/beach.jpg`. `..` is not allowed; links must stay inside the volume.",
    ),
  })
  .describe("A file on a PersistentVolumeClaim.");

export const source = z
  .strictObject({
    name: itemName.describe(
      "name of the source, unique within the MediaJob. Fills `{source}` in the destination's template. Lower-case letters, digits and `-`, at most 63.",
    ),
    volume: volumeFile
      .optional()
      .describe("volume reads the source from a PersistentVolumeClaim, which is mounted read-only."),
    s3: reserved("s3", "s3 is reserved for an object in a bucket"),
    http: reserved("http", "http is reserved for a file at a URL"),
  })
  .meta(validations(exactlyOneOf("volume")))
  .describe("One media file to read.");

export type Source = z.output<typeof source>;
