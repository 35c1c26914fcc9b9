import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";

const schema = JSON.parse(readFileSync(join(import.meta.dirname, "../crds/report.schema.json"), "utf8"));

/** What is wrong with a report by the published schema, as another program would find it; null when nothing is. */
export function schemaErrors(report: unknown): string | null {
  const ajv = new Ajv2020({
    strict: true,
    formats: { "date-time": (text) => !Number.isNaN(Date.parse(text)) },
  });
  return ajv.validate(schema, report) ? null : ajv.errorsText();
}
