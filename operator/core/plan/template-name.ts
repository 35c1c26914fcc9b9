import { expandTemplate, NamingError, type TemplateValues } from "../../../crds/naming.ts";

/** What a template makes of some values: a path below the destination, or why it makes none. */
export type TemplateName = { path: string; fault?: undefined } | { path?: undefined; fault: string };

/** The worker refuses as well what has no name; the plan looks at many, and goes on where one has none. */
export function templateName(template: string, values: TemplateValues): TemplateName {
  try {
    return { path: expandTemplate(template, values) };
  } catch (error) {
    if (error instanceof NamingError) return { fault: error.message };
    throw error;
  }
}
