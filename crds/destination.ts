import { z } from "zod";
import { TEMPLATE_PATTERN, TEMPLATE_TOKENS } from "./naming.ts";
import { reserved } from "./reserved.ts";
import { objectName, relativePath } from "./scalars.ts";
import { exactlyOneOf, validations } from "./validation.ts";

const DEFAULT_TEMPLATE = "{source}/{output}.{ext}";

const TOKENS = Object.entries(TEMPLATE_TOKENS).map(([token, meaning]) => `{${token}} ${meaning}`);

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
    s3: reserved("s3", "s3 is reserved for a bucket that receives the outputs"),
    template: z
      .string()
      .min(1)
      .max(512)
      .meta(
        validations(
          {
            rule: `self.matches('${TEMPLATE_PATTERN}')`,
            message: `template has an unknown token; there are ${Object.keys(TEMPLATE_TOKENS)
              .map((token) => `{${token}}`)
              .join(" ")}`,
          },
          {
            rule: "!self.matches('(^|/)[.][.](/|$)') && !self.startsWith('/') && !self.endsWith('/')",
            message:
              "template must be a relative path to a file: no leading or trailing '/', and no segment '..'",
          },
          {
            rule: "!self.matches('^[.][mM][eE][dD][iI][aA][jJ][oO][bB]/')",
            message: "template must not enter .mediajob/, which is the workers' own",
          },
        ),
      )
      .default(DEFAULT_TEMPLATE)
      .describe(
        `template names each output file, relative to the destination. Tokens: ${TOKENS.join(", ")}. Must hold {output} when there are several outputs, and {source} or {index} when one of them is made from several sources. Characters that no file name takes become _.`,
      ),
    onConflict: z
      .enum(["Overwrite", "Suffix", "Skip", "Fail"])
      .default("Overwrite")
      .describe(
        "onConflict says what happens when the file exists already: Overwrite replaces it in one atomic step (or leaves it, when a MediaJob made it from the same source, spec and engine and its bytes are unchanged), Suffix appends _001 to _999 (to the directory of a stream, whose files name each other), Skip keeps it and counts the output as skipped, Fail fails the output.",
      ),
  })
  .meta(validations(exactlyOneOf("volume")))
  .describe("Where the outputs go.");

export type Destination = z.output<typeof destination>;
