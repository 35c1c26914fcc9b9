import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { tokensOf } from "../../../crds/naming.ts";
import { earlyNames } from "./early-names.ts";
import type { Fault } from "./fault.ts";

/**
 * Outputs that would get one name although the template tells sources and outputs apart: `{source}-{output}`
 * makes `a-b-c` of the source `a-b` and of the output `b-c`, and `{output}.{ext}` makes `b-640w.webp` of that name and
 * of a width; the name of a source's file may be any. Units run side by side, so the later file would replace the
 * earlier without a word; hence it is found before work starts. Suffix has an answer of its own. What only a finished
 * file tells, the worker refuses in a unit.
 */
export function collidingNames(spec: MediaJobSpec): Fault[] {
  const { sources, outputs, destination } = spec;
  const { template, onConflict } = destination;
  const holdsFile = tokensOf(template).includes("file");
  if (onConflict === "Suffix" || (outputs.length === 1 && !holdsFile)) return [];
  // Where one source is like another, one tells of all.
  const isOneLikeAll = sources.length === 1 || (!holdsFile && tellsApart(template));
  if (isOneLikeAll && !outputs.some(({ image }) => image?.widths)) return [];
  const named = outputs.map((output) => ({
    output: output.name,
    only: output.sources && new Set(output.sources),
    namesAt: earlyNames(spec, output),
  }));
  const owners = new Map<string, string>();
  for (const [place, { name: source }] of sources.entries()) {
    if (isOneLikeAll && place > 0) break;
    for (const { output, only, namesAt } of named) {
      if (!isOneLikeAll && only && !only.has(source)) continue;
      const owner = `output ${output} of source ${source}`;
      for (const name of namesAt(place)) {
        // Some file systems do not tell cases apart.
        const path = name.toLowerCase();
        const other = owners.get(path);
        if (other !== undefined && other !== owner) {
          const message = `gives ${owner} and ${other} one name, ${path}; put a character between the tokens that no name holds, e.g. {source}/{output}.{ext}, or call one of the outputs otherwise`;
          return [{ path: "spec.destination.template", message }];
        }
        owners.set(path, owner);
      }
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
