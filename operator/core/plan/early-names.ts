import type { MediaJobSpec } from "../../../crds/media-job.ts";
import {
  expandTemplate,
  indexToken,
  NamingError,
  type TemplateToken,
  type TemplateValues,
  withSuffix,
} from "../../../crds/naming.ts";
import type { Output } from "../../../crds/outputs/output.ts";

/**
 * The names that an output of the source at a place gets at the destination, as far as the spec tells them: one for
 * each width and format. What only a finished file tells, its hash or how high it becomes, is not guessed: something
 * that no name holds stands for it. A name that cannot be made is the worker's to tell.
 */
export function earlyNames({ sources, destination }: MediaJobSpec, place: number, output: Output): string[] {
  const source = sources[place]?.name ?? "";
  const { template } = destination;
  const index = indexToken(place, sources.length);
  return settled(output).flatMap(({ values, width }) => {
    const suffix = width === undefined || template.includes("{width}") ? "" : `-${width}w`;
    return nameOf(template, { source, output: output.name, index, ...values }, suffix);
  });
}

/** Stands for what is not known; it holds the output's name, as outputs may differ in it. */
const unknownOf = ({ name }: Output): string => `of ${name}`;

/** What the spec alone tells of the files of an output; a width where it tells them apart. */
function settled(output: Output): { values: TemplateValues; width?: number }[] {
  const { image, video } = output;
  const unknown = unknownOf(output);
  const isCropped = image?.fit === "cover" && image.width !== undefined && image.height !== undefined;
  const formats = image ? [image.format, ...(image.formats ?? [])] : [video?.container];
  const widths = image?.widths && image.widths.length > 1 ? image.widths : [undefined];
  return formats.flatMap((format) =>
    widths.map((width) => {
      const kind = format === undefined || format === "Auto" ? unknown : format;
      const values: Record<Exclude<TemplateToken, "source" | "output" | "index">, string | number> = {
        ...{ ext: kind === "jpeg" ? "jpg" : kind, format: kind, hash: unknown, date: "today" },
        width: width ?? (isCropped ? (image?.width ?? unknown) : unknown),
        height: isCropped ? (image?.height ?? unknown) : unknown,
      };
      return { values, ...(width !== undefined && { width }) };
    }),
  );
}

function nameOf(template: string, values: TemplateValues, suffix: string): string[] {
  try {
    return [withSuffix(expandTemplate(template, values), suffix)];
  } catch (error) {
    if (error instanceof NamingError) return [];
    throw error;
  }
}
