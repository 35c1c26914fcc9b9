import { z } from "zod";
import { objectName, relativePath } from "./scalars.ts";
import { exactlyOneOf, validations } from "./validation.ts";

export const DEFAULT_TEMPLATE = "{source}/{output}.{ext}";

export const destination = z
  .strictObject({
    volume: z
      .strictObject({
        claimName: objectName.describe(
          "claimName is the PersistentVolumeClaim, in the MediaJob's namespace, that receives the outputs.",
        ),
        path: relativePath
          .optional()
          .describe(
            "path of the directory below the volume's root; made when missing. The root itself when unset.",
          ),
      })
      .optional()
      .describe("volume writes the outputs to a PersistentVolumeClaim."),
    template: z
      .string()
      .min(1)
      .max(512)
      .default(DEFAULT_TEMPLATE)
      .describe(
        "template names each output file, relative to the destination. Tokens: {source} {output} {ext}. Must hold {output} when there are several outputs and {source} when there are several sources.",
      ),
    onConflict: z
      .enum(["Overwrite", "Suffix", "Skip", "Fail"])
      .default("Overwrite")
      .describe(
        "onConflict says what happens when the file exists already: Overwrite replaces it in one atomic step, Suffix appends _001 to _999, Skip keeps it and counts the output as skipped, Fail fails the output.",
      ),
  })
  .meta(validations(exactlyOneOf("volume")))
  .describe("Where the outputs go.");

export type Destination = z.output<typeof destination>;
