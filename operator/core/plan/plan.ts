import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import type { Unit, UnitFamily } from "../../../crds/unit.ts";
import type { Pool } from "../configuration.ts";
import { collidingNames } from "./colliding-names.ts";
import { cut, type Draft, isBetterProbed, leastUnits, probesOf } from "./cut.ts";
import { type Estimate, estimate, estimateFinalize, estimateJoin } from "./estimate.ts";
import type { Fault } from "./fault.ts";
import { type Corrections, corrected, operationClass } from "./learning.ts";
import { longUris } from "./long-uris.ts";
import { namelessFiles } from "./nameless-files.ts";
import { inParts, wholeUpToSeconds } from "./parts.ts";
import { type Placement, place } from "./placement.ts";
import { orderOf, type PlannedOrder } from "./planned-order.ts";
import { replacedSources } from "./replaced-sources.ts";
import { sharingDecodes } from "./shared-decode.ts";

/**
 * A unit of work: what is retried as one. Its name and its index never change, because a MediaJob's
 * sources and outputs never do.
 */
export interface PlannedUnit {
  /** `<family>-<n>`, n from 0 within the family; `part-<n>`, `join-<n>`; or `finalize`. */
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
  /** Makes one part of a long video; see the unit contract. */
  part?: Unit["part"];
  /** Joins the parts that are made by the units it needs. */
  join?: Unit["join"];
  /** Leaves a longer source to parts, which are planned then: see `grow`. Only where there is no other unit. */
  wholeUpToSeconds?: number;
  /** It has left its source to units that follow: it only looked, and made nothing. */
  onlyLooked?: true;
  /** Indexes of units that must have succeeded before it starts. */
  needs?: readonly number[];
  /** Why the work was cut so, for people. */
  why?: string;
  /** Where it runs once an accelerator has failed it; unset when it uses none, must, or finds no place without. */
  withoutGpu?: Placement;
}

export interface Plan {
  units: readonly PlannedUnit[];
  /** Estimated seconds over all units, those to come included: the whole of the progress. */
  totalSeconds: number;
  /** More units follow once those that probe have ended; see `grow`. */
  awaitsFacts?: true;
  /** What the API server cannot see is wrong with the spec; a MediaJob with faults fails before it starts. */
  faults: readonly Fault[];
  /** In which the sources and outputs stood that units name by their places; plans of earlier versions do not say. */
  order?: PlannedOrder;
}

/** What units that probe have found, by index into spec.sources; a source that is not there is unknown. */
export type Facts = ReadonlyMap<number, SourceFacts>;

/**
 * Whether a unit makes nothing that was asked for, so that its failure costs no output and decides no phase: it is
 * a warning.
 */
export const isAuxiliary = ({ family }: Pick<PlannedUnit, "family">): boolean =>
  family === "probe" || family === "finalize";

/** Whether a unit makes outputs, and nothing that others make them of. */
export const makesOutputs = ({ family, part, onlyLooked }: PlannedUnit): boolean =>
  !isAuxiliary({ family }) && !part && !onlyLooked;

/** Whether a unit runs last, whatever became of the others. */
export const isFinalize = ({ family }: PlannedUnit): boolean => family === "finalize";

/**
 * The units of a MediaJob, each with what it needs and where it runs. Of several the last one finalizes; a single
 * one does so itself.
 *
 * Of several, those that are planned better once their sources are known are not there yet: units that probe are in
 * their place, and `grow` adds the rest. A single one is not worth a second pod: it looks at its source itself, and
 * leaves a long one to parts.
 */
export function plan(spec: MediaJobSpec, pools: readonly Pool[], corrections: Corrections = {}): Plan {
  const { drafts, tooMany } = boundedCut(spec);
  const misnamed = [namelessFiles, collidingNames, replacedSources, longUris].flatMap((find) => find(spec));
  const faults = [...unknownSources(spec), ...misnamed, ...tooMany];
  const later = faults.length ? [] : drafts.filter((draft) => isBetterProbed(draft, spec));
  const planner = new Planner(spec, pools, corrections);
  const order = orderOf(spec);
  if (drafts.length < 2 || later.length === 0) {
    const units = planner.add(
      drafts.length > 1 ? [...drafts, FINALIZE] : drafts.map((only) => lookingFirst(only, spec)),
    );
    return { units, totalSeconds: secondsOf(units), faults, order };
  }
  const known = new Set(later);
  const units = planner.add([...drafts.filter((draft) => !known.has(draft)), ...probesOf(later)]);
  const expected = new Planner(spec, pools, corrections).add(later);
  return { units, totalSeconds: secondsOf(units) + secondsOf(expected), awaitsFacts: true, faults, order };
}

function lookingFirst(only: Draft, spec: MediaJobSpec): Draft {
  const output = spec.outputs[only.outputs[0] ?? 0];
  return output ? { ...only, wholeUpToSeconds: wholeUpToSeconds(output, spec) } : only;
}

/** Whether units may follow, once it is known what sources are. */
export const awaitsFacts = ({ awaitsFacts, units }: Plan): boolean =>
  awaitsFacts === true || (units.length === 1 && units[0]?.wholeUpToSeconds !== undefined);

/** Whether all that is planned yet is to look at the sources. */
export const onlyProbes = ({ awaitsFacts, units }: Plan): boolean =>
  awaitsFacts === true && units.every(({ family }) => family === "probe");

/** Whether the only unit finalizes as well, when its work is done: it tidies up behind itself, and reports. */
export const finalizesItself = ({ awaitsFacts, units }: Plan): boolean => units.length === 1 && !awaitsFacts;

/** Whether units may be added to a plan; one that has grown is whole. */
export const mayGrow = (plan: Plan): boolean => awaitsFacts(plan) || finalizesItself(plan);

/** Why units are added: sources are known by now, or the only unit has ended and could not finalize. */
export type Growth = { why: "SourcesKnown"; facts: Facts } | { why: "NotFinalized" };

/** A unit that left its source to parts: it was done when it had looked. */
const looked = ({ wholeUpToSeconds, ...unit }: PlannedUnit): PlannedUnit =>
  wholeUpToSeconds === undefined
    ? unit
    : { ...unit, onlyLooked: true, estimate: { ...unit.estimate, seconds: 1 } };

/** The whole plan. The units there are stay as they are, and what is new follows them. */
export function grow(
  first: Plan,
  growth: Growth,
  {
    spec,
    pools,
    corrections = {},
  }: { spec: MediaJobSpec; pools: readonly Pool[]; corrections?: Corrections },
): Plan {
  const added = (known: readonly PlannedUnit[], drafts: readonly Draft[]): Plan => {
    const units = new Planner(spec, pools, corrections, known).add(drafts);
    const { faults, order } = first;
    return { units, totalSeconds: secondsOf(units), faults, ...(order && { order }) };
  };
  if (growth.why === "NotFinalized") return added(first.units.map(leftToNone), [FINALIZE]);
  const later = cut(spec)
    .filter((draft) => isBetterProbed(draft, spec))
    .map((draft) => ({ ...draft, facts: growth.facts.get(draft.sources[0] ?? 0) }));
  const parts = sharingDecodes(
    later.map((draft) => inParts(draft, spec)),
    spec,
  );
  const few = first.units.length + parts.length < MAX_UNITS;
  return added(first.units.map(looked), [...(few ? parts : later), FINALIZE]);
}

/**
 * A unit that may run again behind which what finalizes is planned: parts can no more be. It makes a source of any
 * length, and still has to say that it did.
 */
const leftToNone = (unit: PlannedUnit): PlannedUnit =>
  unit.wholeUpToSeconds === undefined ? unit : { ...unit, wholeUpToSeconds: Number.MAX_SAFE_INTEGER };

const FINALIZE: Draft = { family: "finalize", sources: [], outputs: [] };

const secondsOf = (units: readonly PlannedUnit[]): number =>
  units.reduce((sum, { estimate }) => sum + estimate.seconds, 0);

/** Makes units of drafts: gives each a name, an index, an estimate and a place. */
class Planner {
  readonly #spec: MediaJobSpec;
  readonly #pools: readonly Pool[];
  readonly #corrections: Corrections;
  readonly #units: PlannedUnit[];
  readonly #count = new Map<string, number>();

  constructor(
    spec: MediaJobSpec,
    pools: readonly Pool[],
    corrections: Corrections,
    units: readonly PlannedUnit[] = [],
  ) {
    this.#spec = spec;
    this.#pools = pools;
    this.#corrections = corrections;
    this.#units = [...units];
    for (const unit of units) this.#nameOf(unit);
  }

  add(drafts: readonly Draft[]): PlannedUnit[] {
    for (const draft of drafts) this.#units.push(this.#unit(draft));
    return this.#units;
  }

  #unit(draft: Draft): PlannedUnit {
    const { family, sources, outputs, part, join, wholeUpToSeconds, why } = draft;
    const index = this.#units.length;
    const table = this.#estimate(draft);
    const operation = this.#operation(draft);
    const needs = corrected(table, this.#corrections[operation]);
    return {
      name: this.#nameOf(draft),
      index,
      family,
      sources,
      outputs,
      ...(part && { part }),
      ...(join && { join, needs: Array.from({ length: join.parts }, (_, n) => index - join.parts + n) }),
      ...(wholeUpToSeconds !== undefined && { wholeUpToSeconds }),
      ...(why && { why }),
      estimate: needs,
      tableEstimate: { seconds: table.seconds, memoryBytes: table.memoryBytes },
      operation,
      ...placementsOf({ family, estimate: needs }, this.#spec, this.#pools),
    };
  }

  #nameOf({ family, part, join }: Pick<Draft, "family" | "part" | "join">): string {
    if (family === "finalize") return family;
    const kind = part ? "part" : join ? "join" : family;
    const number = this.#count.get(kind) ?? 0;
    this.#count.set(kind, number + 1);
    return `${kind}-${number}`;
  }

  #estimate({ family, sources, outputs, facts, part, join }: Draft): Estimate {
    if (family === "finalize") return estimateFinalize(this.#units.length);
    if (join) return estimateJoin(this.#wanted(outputs)[0], facts ?? {});
    const { durationSeconds = 0 } = facts ?? {};
    const known = part
      ? { ...facts, durationSeconds: (part.endSeconds ?? durationSeconds) - part.startSeconds }
      : facts;
    const needed = estimate(family, this.#wanted(outputs), sources.length, known);
    return part ? { ...needed, gpu: false } : needed; // parts of two encoders would not join: software makes them
  }

  /** What is known of a source makes an estimate another one, which is not held against those that guess. */
  #operation({ family, outputs, facts, part, join }: Draft): string {
    if (isAuxiliary({ family })) return family;
    const kind = part ? "/part" : join ? "/join" : facts?.durationSeconds === undefined ? "" : "/probed";
    return `${operationClass(this.#wanted(outputs))}${kind}`;
  }

  #wanted(outputs: readonly number[]) {
    return outputs.map((output) => this.#spec.outputs[output]).filter((output) => output !== undefined);
  }
}

/** What the ledger in the status holds. */
const MAX_UNITS = 30_000;

/**
 * What a MediaJob is cut into; where that is too much to keep, one unit that stands for it all and never starts. A spec
 * may ask for half a million units, more than memory holds, so they are counted first.
 */
function boundedCut(spec: MediaJobSpec): { drafts: Draft[]; tooMany: Fault[] } {
  const least = leastUnits(spec);
  const drafts = least > MAX_UNITS ? [] : cut(spec);
  const count = Math.max(least, drafts.length);
  if (count <= MAX_UNITS) return { drafts, tooMany: [] };
  const message = `makes ${count} units of work or more, and a MediaJob may have ${MAX_UNITS}; spread the sources over several MediaJobs`;
  const all = (items: readonly unknown[]) => [...items.keys()];
  return {
    drafts: [{ family: "metadata", sources: all(spec.sources), outputs: all(spec.outputs) }],
    tooMany: [{ path: "spec.sources", message }],
  };
}

/** Where a unit runs, and where once an accelerator has failed it. */
export function placementsOf(
  { family, estimate }: Pick<PlannedUnit, "family" | "estimate">,
  spec: MediaJobSpec,
  pools: readonly Pool[],
): Pick<PlannedUnit, "placement" | "withoutGpu"> {
  if (isAuxiliary({ family })) {
    // A pin is obeyed; that the work wants a GPU does not make this want one.
    return {
      placement: place(estimate, { ...spec, placement: { ...spec.placement, gpu: "Prefer" } }, pools),
    };
  }
  const placement = place(estimate, spec, pools);
  return { placement, ...withoutGpuOf({ placement, estimate }, spec, pools) };
}

/** Where a unit runs once an accelerator has failed it: with that again, where it must or no pool takes it without. */
export function withoutGpuOf(
  { placement, estimate }: Pick<PlannedUnit, "placement" | "estimate">,
  spec: MediaJobSpec,
  pools: readonly Pool[],
): Pick<PlannedUnit, "withoutGpu"> {
  if (!hasGpu(placement) || spec.placement.gpu !== "Prefer") return {};
  const withoutGpu = place(estimate, neverOnGpu(spec), pools);
  return "refused" in withoutGpu ? {} : { withoutGpu };
}

/** Whether a unit is given an accelerator. */
export const hasGpu = (placement: Placement): boolean => "gpu" in placement && placement.gpu;

const neverOnGpu = (spec: MediaJobSpec): MediaJobSpec => ({ ...spec, placement: { gpu: "Never" } });

/** A CEL rule for this would cost the API server every name times every name; so it is checked here. */
function unknownSources({ sources, outputs }: MediaJobSpec): Fault[] {
  const known = new Set(sources.map(({ name }) => name));
  const missing = (path: string, names: readonly string[] = []) =>
    names.flatMap((name, item) =>
      known.has(name) ? [] : [{ path: `${path}[${item}]`, message: `no source is named ${name}` }],
    );
  return outputs.flatMap(({ sources, video }, index) => [
    ...missing(`spec.outputs[${index}].sources`, sources),
    ...missing(`spec.outputs[${index}].video.appendSources`, video?.appendSources),
  ]);
}
