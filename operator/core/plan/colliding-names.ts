import type { MediaJobSpec } from "../../../crds/media-job.ts";
import {
  expandTemplate,
  indexToken,
  NamingError,
  type TemplateToken,
  type TemplateValues,
  tokensOf,
} from "../../../crds/naming.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import type { Fault } from "./fault.ts";

/**
 * Outputs that would get one name although the template tells sources and outputs apart: `{source}-{output}`
 * makes `a-b-c` of the source `a-b` and of the output `b-c`. Units run side by side, so the later file would
 * replace the earlier without a word; hence it is found before work starts. Suffix has an answer of its own.
 * What only a finished file tells, its width or hash, is not guessed: the worker refuses such names in a unit.
 */
export function collidingNames({ sources, outputs, destination }: MediaJobSpec): Fault[] {
  const { template, onConflict } = destination;
  const isOne = sources.length === 1 || outputs.length === 1;
  if (onConflict === "Suffix" || isOne || tellsApart(template)) return [];
  const owners = new Map<string, string>();
  for (const [place, { name: source }] of sources.entries()) {
    for (const output of outputs) {
      if (output.sources && !output.sources.includes(source)) continue;
      const owner = `output ${output.name} of source ${source}`;
      const path = nameOf(template, {
        ...{ source, output: output.name, index: indexToken(place, sources.length) },
        ...settled(output),
      });
      const other = path === undefined ? undefined : owners.get(path);
      if (other !== undefined) {
        const message = `gives ${owner} and ${other} one name, ${path}; put a character between the tokens that no name holds, e.g. {source}/{output}.{ext}`;
        return [{ path: "spec.destination.template", message }];
      }
      if (path !== undefined) owners.set(path, owner);
    }
  }
  return [];
}

/**
 * Whether no two pairs can give one name: the source and the output each stand alone between characters that
 * names do not hold. Names hold lower-case letters, digits and `-`; some file systems do not tell cases apart.
 */
function tellsApart(template: string): boolean {
  const pieces = template.split(/[^a-zA-Z0-9{}-]/).map((piece) => tokensOf(piece).join(" "));
  return pieces.includes("output") && (pieces.includes("source") || pieces.includes("index"));
}

/** What the spec alone tells of a file. Where it does not, the output's name stands for it: outputs may differ. */
function settled({ name, image, video }: Output): TemplateValues {
  const format = image?.format === "Auto" ? undefined : image?.format;
  const values: Partial<Record<TemplateToken, string | number | undefined>> = {
    ext: format ?? video?.container,
    format: format ?? video?.container,
    width: image?.fit === "cover" && image.height !== undefined ? image.width : undefined,
    height: image?.fit === "cover" && image.width !== undefined ? image.height : undefined,
  };
  const unknown = `of ${name}`;
  return {
    ...{ ext: values.ext ?? unknown, format: values.format ?? unknown, hash: unknown, date: "today" },
    ...{ width: values.width ?? unknown, height: values.height ?? unknown },
  };
}

/** In lower case; undefined for a name that cannot be made, which is the worker's to tell. */
function nameOf(template: string, values: TemplateValues): string | undefined {
  try {
    return expandTemplate(template, values).toLowerCase();
  } catch (error) {
    if (error instanceof NamingError) return undefined;
    throw error;
  }
}
