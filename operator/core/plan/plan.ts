import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { type Family, familyOf, type Output } from "../../../crds/outputs/output.ts";
import type { Pool } from "../configuration.ts";
import { type Estimate, estimateImages, estimateVideo } from "./estimate.ts";
import { type Placement, place } from "./placement.ts";

/**
 * A unit of work: what is retried as one. Its name and its index never change, because a MediaJob's
 * sources and outputs never do.
 */
export interface PlannedUnit {
  /** `<family>-<n>`, n from 0 within the family. */
  name: string;
  /** Place in the plan and in the ledger of units. */
  index: number;
  family: Family;
  /** Indexes into spec.sources. */
  sources: readonly number[];
  /** Indexes into spec.outputs; each is made from every source of the unit. */
  outputs: readonly number[];
  estimate: Estimate;
  placement: Placement;
}

export interface Plan {
  units: readonly PlannedUnit[];
  /** Estimated seconds over all units: the whole of the progress. */
  totalSeconds: number;
  /** What the API server cannot see is wrong with the spec; a MediaJob with faults fails before it starts. */
  faults: readonly Fault[];
}

export interface Fault {
  /** Field, e.g. `spec.outputs[1].sources[0]`. */
  path: string;
  message: string;
}

/**
 * Cuts a MediaJob into units. Images of one source are one unit, since they share its decode; every video
 * rendition is a unit of its own, since encoding it takes long and it is retried alone.
 */
export function plan(spec: MediaJobSpec, pools: readonly Pool[]): Plan {
  const count = new Map<Family, number>();
  const units = drafts(spec).map(({ family, source, outputs }, index): PlannedUnit => {
    const number = count.get(family) ?? 0;
    count.set(family, number + 1);
    const wanted = outputs.map((output) => spec.outputs[output]).filter((output) => output !== undefined);
    const estimate = estimateOf(family, wanted);
    return {
      name: `${family}-${number}`,
      index,
      family,
      sources: [source],
      outputs,
      estimate,
      placement: place(estimate, spec, pools),
    };
  });
  const totalSeconds = units.reduce((sum, { estimate }) => sum + estimate.seconds, 0);
  return { units, totalSeconds, faults: unknownSources(spec) };
}

interface Draft {
  family: Family;
  source: number;
  outputs: readonly number[];
}

function drafts(spec: MediaJobSpec): Draft[] {
  const outputs = spec.outputs.map((output, index) => ({
    index,
    family: familyOf(output),
    only: output.sources && new Set(output.sources),
  }));
  return spec.sources.flatMap(({ name }, source): Draft[] => {
    const wanted = outputs.filter(({ only }) => !only || only.has(name));
    const images = wanted.filter(({ family }) => family === "image").map(({ index }) => index);
    const others = wanted.filter(({ family }) => family !== "image");
    return [
      ...(images.length ? [{ family: "image" as const, source, outputs: images }] : []),
      ...others.map(({ family, index }) => ({ family, source, outputs: [index] })),
    ];
  });
}

/** A CEL rule for this would cost the API server every name times every name; so it is checked here. */
function unknownSources({ sources, outputs }: MediaJobSpec): Fault[] {
  const known = new Set(sources.map(({ name }) => name));
  return outputs.flatMap((output, index) =>
    (output.sources ?? []).flatMap((name, item) =>
      known.has(name)
        ? []
        : [{ path: `spec.outputs[${index}].sources[${item}]`, message: `no source is named ${name}` }],
    ),
  );
}

function estimateOf(family: Family, outputs: readonly Output[]): Estimate {
  const [first] = outputs;
  if (family === "video" && first) return estimateVideo(first);
  return estimateImages(outputs, 1);
}
