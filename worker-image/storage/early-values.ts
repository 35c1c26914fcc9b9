import type { TemplateValues } from "../../crds/naming.ts";
import type { Unit } from "../../crds/unit.ts";

/** What fills a template before a file is made; the rest is known of the finished file only. */
export function earlyValues(
  { tokens }: Pick<Unit, "tokens">,
  { source, output, ext }: { source: string; output: string; ext: string },
): TemplateValues {
  const index = tokens?.index?.[source];
  return {
    ...{ source, output, ext },
    ...(index !== undefined && { index }),
    ...(tokens?.date !== undefined && { date: tokens.date }),
  };
}
