import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { familyOf, type Output } from "../../../crds/outputs/output.ts";
import { prospectOf } from "./parts.ts";
import { awaitsFacts, type Plan } from "./plan.ts";

/** How the work on an output is cut into units, and why; for people. */
export interface Choice {
  output: string;
  choice: string;
}

/** The choices of a plan, by output. What depends on the length of a source is said as it will be decided. */
export const choicesOf = (spec: MediaJobSpec, plan: Plan): Choice[] =>
  spec.outputs.map((output) => ({ output: output.name, choice: choiceOf(output, spec, plan) }));

function choiceOf(output: Output, { parallelism }: MediaJobSpec, plan: Plan): string {
  const { video } = output;
  switch (familyOf(output)) {
    case "image":
    case "metadata":
      return "many sources in a unit, up to a minute of work; each is opened once for all such outputs";
    case "audio":
    case "frames":
      return "a unit for each source";
    case "stream":
      return "a unit for each source: all renditions from one decode, so that their segments match";
    case "video":
      return video && awaitsFacts(plan)
        ? `a unit for each source, which is retried alone: ${prospectOf(video, parallelism)}`
        : "a unit for each source, in one piece: so little is not worth a probe";
  }
}
