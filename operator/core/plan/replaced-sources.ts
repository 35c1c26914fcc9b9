import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { normalPath } from "../normal-path.ts";
import { earlyNames } from "./early-names.ts";
import type { Fault } from "./fault.ts";

/** Names that are looked through before work starts; of more, the worker alone tells. */
const MOST_NAMES = 5_000;

/**
 * A source that would be replaced by what is made of it or of another: the original is not to be had again. The worker
 * refuses as well, for names that only a finished file tells and for files that are reached by another name.
 */
export function replacedSources(spec: MediaJobSpec): Fault[] {
  const { sources, outputs, destination } = spec;
  const { volume, onConflict } = destination;
  const isReplacing = onConflict === "Overwrite" || onConflict === "Skip";
  if (!volume || !isReplacing || sources.length * outputs.length > MOST_NAMES) return [];
  const directory = normalPath(volume.path ?? "");
  const within = directory === "" ? "" : `${directory}/`;
  const originals = new Map(
    sources.flatMap(({ name, volume: from }) => {
      const path = from?.claimName === volume.claimName ? normalPath(from.path) : undefined;
      return path?.startsWith(within) ? [[path, name] as const] : [];
    }),
  );
  if (originals.size === 0) return [];
  const named = outputs.map((output) => ({ output, namesAt: earlyNames(spec, output) }));
  for (const [place, { name: source }] of sources.entries()) {
    for (const { output, namesAt } of named) {
      if (output.sources && !output.sources.includes(source)) continue;
      for (const name of namesAt(place)) {
        const path = normalPath(`${directory}/${name}`);
        const original = originals.get(path);
        if (original === undefined) continue;
        const message = `names output ${output.name} of source ${source} ${path}, which is the source ${original} itself; choose another destination.volume.path, or a template that does not give its name`;
        return [{ path: "spec.destination.template", message }];
      }
    }
  }
  return [];
}
