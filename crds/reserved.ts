import { z } from "zod";
import { validations } from "./validation.ts";

/**
 * A field that a later version will answer to: refused with a message that says so, lest it be taken for misspelt, or be
 * dropped where the API server is not asked to be strict. The rule is the field's own, so who does without it pays nothing.
 */
export const reserved = (field: string, description: string, value: z.ZodType = z.looseObject({})) =>
  value
    .optional()
    .meta(
      validations({
        rule: "false",
        message: `${field} is not available in this version`,
        reason: "FieldValueForbidden",
      }),
    )
    .describe(`${description}; not available in this version.`);
