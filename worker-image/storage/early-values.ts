import { fileToken, type TemplateValues, tokensOf } from "../../crds/naming.ts";
import type { Source } from "../../crds/source.ts";
import type { Unit } from "../../crds/unit.ts";

/** What fills a template before a file is made; the rest is known of the finished file only. */
export function earlyValues(
  { tokens, destination }: Pick<Unit, "tokens" | "destination">,
  { source, output, ext }: { source: Source; output: string; ext: string },
): TemplateValues {
  const index = tokens?.index?.[source.name];
  return {
    ...{ source: source.name, output, ext },
    ...(tokensOf(destination.template).includes("file") && { file: fileToken(source) }),
    ...(index !== undefined && { index }),
    ...(tokens?.date !== undefined && { date: tokens.date }),
  };
}
