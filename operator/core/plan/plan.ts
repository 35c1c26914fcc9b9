import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Family } from "../../../crds/outputs/output.ts";
import type { UnitFamily } from "../../../crds/unit.ts";
import type { Pool } from "../configuration.ts";
import { collidingNames } from "./colliding-names.ts";
import { cut } from "./cut.ts";
import { type Estimate, estimate, estimateFinalize } from "./estimate.ts";
import { type Corrections, corrected, operationClass } from "./learning.ts";
import { type Placement, place } from "./placement.ts";

/**
 * A unit of work: what is retried as one. Its name and its index never change, because a MediaJob's
 * sources and outputs never do.
 */
export interface PlannedUnit {
  /** `<family>-<n>`, n from 0 within the family; or `finalize`. */
  name: string;
  /** Place in the plan and in the ledger of units. */
  index: number;
  family: UnitFamily;
  /** Indexes into spec.sources. */
  sources: readonly number[];
  /** Indexes into spec.outputs; each is made from every source of the unit. */
  outputs: readonly number[];
  estimate: Estimate;
  /** The estimate by the tables alone; what is measured is held against it. */
  tableEstimate: Pick<Estimate, "seconds" | "memoryBytes">;
  /** Class of work, see `operationClass`. */
  operation: string;
  placement: Placement;
  /** Where it runs once an accelerator has failed it; unset when it uses none, or must. */
  withoutGpu?: Placement;
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
 * Whether a unit makes nothing that was asked for, so that its failure costs no output and decides no phase: it is
 * a warning.
 */
export const isAuxiliary = ({ family }: PlannedUnit): boolean => family === "finalize";

/** Whether a unit runs last, whatever became of the others. */
export const isFinalize = ({ family }: PlannedUnit): boolean => family === "finalize";

/**
 * The units of a MediaJob, each with what it needs and where it runs. Of several the last one finalizes; a single
 * one does so itself.
 */
export function plan(spec: MediaJobSpec, pools: readonly Pool[], corrections: Corrections = {}): Plan {
  const count = new Map<Family, number>();
  const units = cut(spec).map(({ family, sources, outputs }, index): PlannedUnit => {
    const number = count.get(family) ?? 0;
    count.set(family, number + 1);
    const wanted = outputs.map((output) => spec.outputs[output]).filter((output) => output !== undefined);
    const table = estimate(family, wanted, sources.length);
    const operation = operationClass(wanted);
    const needs = corrected(table, corrections[operation]);
    return {
      name: `${family}-${number}`,
      index,
      family,
      sources,
      outputs,
      estimate: needs,
      tableEstimate: { seconds: table.seconds, memoryBytes: table.memoryBytes },
      operation,
      ...placementsOf({ family, estimate: needs }, spec, pools),
    };
  });
  if (units.length > 1) units.push(finalizeUnit(units.length, spec, pools));
  const totalSeconds = units.reduce((sum, { estimate }) => sum + estimate.seconds, 0);
  return {
    units,
    totalSeconds,
    faults: [...unknownSources(spec), ...collidingNames(spec), ...tooManyUnits(units.length)],
  };
}

/** What the ledger in the status holds. */
const MAX_UNITS = 30_000;

function tooManyUnits(count: number): Fault[] {
  if (count <= MAX_UNITS) return [];
  const message = `makes ${count} units of work, and a MediaJob may have ${MAX_UNITS}; spread the sources over several MediaJobs`;
  return [{ path: "spec.sources", message }];
}

function finalizeUnit(index: number, spec: MediaJobSpec, pools: readonly Pool[]): PlannedUnit {
  const needs = estimateFinalize(index);
  return {
    name: "finalize",
    index,
    family: "finalize",
    sources: [],
    outputs: [],
    estimate: needs,
    tableEstimate: { seconds: needs.seconds, memoryBytes: needs.memoryBytes },
    operation: "finalize",
    ...placementsOf({ family: "finalize", estimate: needs }, spec, pools),
  };
}

/** Where a unit runs, and where once an accelerator has failed it. */
export function placementsOf(
  { family, estimate }: Pick<PlannedUnit, "family" | "estimate">,
  spec: MediaJobSpec,
  pools: readonly Pool[],
): Pick<PlannedUnit, "placement" | "withoutGpu"> {
  if (family === "finalize") {
    // A pin is obeyed; that the work wants a GPU does not make this want one.
    return {
      placement: place(estimate, { ...spec, placement: { ...spec.placement, gpu: "Prefer" } }, pools),
    };
  }
  const placement = place(estimate, spec, pools);
  const mayDoWithout = "gpu" in placement && placement.gpu && spec.placement.gpu === "Prefer";
  return { placement, ...(mayDoWithout && { withoutGpu: place(estimate, neverOnGpu(spec), pools) }) };
}

const neverOnGpu = (spec: MediaJobSpec): MediaJobSpec => ({ ...spec, placement: { gpu: "Never" } });

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
