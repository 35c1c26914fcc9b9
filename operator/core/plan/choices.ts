import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { familyOf, type Output } from "../../../crds/outputs/output.ts";
import { sharedDecodeKey, whyDecodedAlone } from "../../../crds/outputs/shared-decode.ts";
import { prospectOf } from "./parts.ts";
import { LEAST_SAVING } from "./shared-decode.ts";

/** How the work on an output is cut into units, and why; for people. */
export interface Choice {
  output: string;
  choice: string;
}

/** The choices of a plan, by output. What depends on the length of a source is said as it will be decided. */
export const choicesOf = (spec: MediaJobSpec): Choice[] =>
  spec.outputs.map((output) => ({ output: output.name, choice: choiceOf(output, spec) }));

function choiceOf(output: Output, spec: MediaJobSpec): string {
  switch (familyOf(output)) {
    case "image":
    case "metadata":
      return "many sources in a unit, up to a minute of work; each is opened once for all such outputs";
    case "audio":
    case "frames":
      return "a unit for each source";
    case "stream":
      return `a unit for each source, all renditions from one decode, so that their segments match: ${prospectOf(output, spec)}`;
    case "video":
      return `a unit for each source, which is retried alone: ${prospectOf(output, spec)}${sharingProspect(output, spec)}`;
  }
}

/** What becomes of a rendition beside others of the same source, which follows from what that is. */
function sharingProspect({ name, video }: Output, { outputs }: MediaJobSpec): string {
  const others = outputs.filter((other) => other.video && other.name !== name);
  if (!video || others.length === 0) return "";
  const alone = whyDecodedAlone(video);
  if (alone) return `; a decode of its own: ${alone}`;
  const key = sharedDecodeKey(video);
  const alike = others.filter((other) => other.video && sharedDecodeKey(other.video) === key);
  if (alike.length === 0)
    return "; a decode of its own: no other output has the same pictures before scaling";
  const names = alike.map(({ name }) => name).join(", ");
  return `; in one piece together with ${names}, from one decode, where that saves ${Math.round(LEAST_SAVING * 100)} % of the work, as with 4K or HDR`;
}
