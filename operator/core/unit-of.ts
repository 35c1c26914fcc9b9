import type { Finalize } from "../../crds/finalize.ts";
import type { MediaJob } from "../../crds/media-job.ts";
import { dateToken, indexToken, tokensOf } from "../../crds/naming.ts";
import type { Unit, UnitFamily } from "../../crds/unit.ts";
import type { PlannedUnit } from "./plan/plan.ts";
import type { Placed } from "./reconcile/decision.ts";

/**
 * For how long a unit may neither come along nor use a processor. Long enough for the slowest volume to answer; what only
 * looks at its sources reads little, and all else waits for it.
 */
const STALL_SECONDS: Record<UnitFamily, number> = {
  image: 300,
  video: 300,
  stream: 300,
  audio: 300,
  frames: 300,
  metadata: 300,
  probe: 120,
  finalize: 300,
};

/** The unit as its worker reads it: the plan's indexes resolved, with the limits of its placement. */
export function unitOf({
  job,
  planned,
  attempt,
  placed,
  finalize,
}: {
  job: MediaJob;
  planned: PlannedUnit;
  attempt: number;
  placed: Placed;
  /** For the attempt that runs last. */
  finalize?: Finalize | undefined;
}): Unit {
  const { spec, metadata } = job;
  return {
    version: "v1",
    job: { namespace: metadata.namespace ?? "default", name: metadata.name, uid: metadata.uid ?? "" },
    name: planned.name,
    attempt,
    family: planned.family,
    sources: pick(spec.sources, planned.sources),
    outputs: pick(spec.outputs, planned.outputs),
    ...companionsFor(spec, planned),
    destination: spec.destination,
    ...(planned.part && { part: planned.part }),
    ...(planned.join && { join: planned.join }),
    ...(planned.wholeUpToSeconds !== undefined && { wholeUpToSeconds: planned.wholeUpToSeconds }),
    ...tokensFor(job, planned),
    ...(finalize && { finalize }),
    planned: { pool: placed.pool, seconds: planned.estimate.seconds },
    limits: {
      cpu: placed.cpu,
      memoryBytes: placed.memoryBytes,
      scratchBytes: placed.scratchBytes,
      ...(placed.encoder && { encoder: placed.encoder }),
      timeoutSeconds: spec.unitTimeoutSeconds,
      stallSeconds: STALL_SECONDS[planned.family],
    },
  };
}

/** What outputs are made with beside the unit's sources. */
function companionsFor(
  { sources, outputs }: MediaJob["spec"],
  planned: PlannedUnit,
): Pick<Unit, "companions"> {
  const named = new Set(pick(outputs, planned.outputs).flatMap(({ video }) => video?.appendSources ?? []));
  return named.size > 0 ? { companions: sources.filter(({ name }) => named.has(name)) } : {};
}

/** Only where the template asks: a unit of many images shall stay small. */
function tokensFor({ spec, metadata }: MediaJob, { sources }: PlannedUnit): Pick<Unit, "tokens"> {
  const asked = tokensOf(spec.destination.template);
  const index =
    asked.includes("index") &&
    Object.fromEntries(
      sources.map((place) => [spec.sources[place]?.name ?? "", indexToken(place, spec.sources.length)]),
    );
  const date =
    asked.includes("date") &&
    metadata.creationTimestamp !== undefined &&
    dateToken(metadata.creationTimestamp);
  return index || date ? { tokens: { ...(index && { index }), ...(date && { date }) } } : {};
}

const pick = <T>(items: readonly T[], indexes: readonly number[]): T[] =>
  indexes.map((index) => items[index]).filter((item) => item !== undefined);
