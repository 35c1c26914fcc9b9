import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Pool } from "../configuration.ts";
import type { Placement } from "../plan/placement.ts";
import { type PlannedUnit, placementsOf } from "../plan/plan.ts";
import { mebi, parseQuantity } from "../quantity.ts";
import type { Placed } from "./decision.ts";
import type { MemoryNeed, Waiting } from "./unit-state.ts";

/**
 * Where the next attempt at a unit runs: as planned, changed by what earlier attempts have shown: no accelerator after it
 * failed, and what it takes. Where its pool does not give as much, in the cheapest that does.
 */
export function nextPlace(
  unit: PlannedUnit,
  state: Waiting,
  { spec, pools }: { spec: MediaJobSpec; pools: readonly Pool[] },
): Placement {
  const here = grown((state.withoutGpu && unit.withoutGpu) || unit.placement, state, spec);
  if (!("refused" in here) || !state.memory || mostOwn(spec) < state.memory.leastBytes) return here;
  const { leastBytes, wantedBytes } = state.memory;
  const estimate = { ...unit.estimate, memoryBytes: wantedBytes, leastMemoryBytes: leastBytes };
  const { memoryMultiplier: _, ...resources } = spec.resources; // of estimates; this was measured
  const found = placementsOf({ family: unit.family, estimate }, { ...spec, resources }, pools);
  const elsewhere = (state.withoutGpu && found.withoutGpu) || found.placement;
  return "refused" in elsewhere ? here : grown(elsewhere, state, spec);
}

/** A placement with more memory after running out of it, and more scratch after a disk was full, up to its pool's limits. */
export function grown(
  planned: Placement,
  { memory, diskFailures = 0 }: Waiting,
  spec: MediaJobSpec,
): Placement {
  if ("refused" in planned) return planned;
  const placement = { ...planned, scratchBytes: grownScratch(planned, diskFailures) };
  if (!memory) return placement;
  const limitBytes = placement.memoryLimitBytes;
  if (limitBytes >= memory.leastBytes)
    return { ...placement, memoryBytes: Math.min(memory.wantedBytes, limitBytes) };
  const bound =
    mostOwn(spec) <= limitBytes
      ? `spec.resources.maxMemory lets a unit have ${mebi(limitBytes)}`
      : `a unit may have ${mebi(limitBytes)} in pool ${placement.pool}, and no other that it may use gives it enough: see perUnit.memory of the operator's pools`;
  return { refused: `needs ${needOf(memory)} of memory; ${bound}` };
}

/** What the spec itself lets a unit have. */
const mostOwn = ({ resources: { maxMemory } }: MediaJobSpec): number =>
  maxMemory === undefined ? Number.POSITIVE_INFINITY : Math.floor(parseQuantity(maxMemory));

const needOf = ({ leastBytes, wantedBytes }: MemoryNeed): string =>
  leastBytes === wantedBytes ? mebi(leastBytes) : `more than ${mebi(leastBytes - 1)}`;

/** Twice as much for each full disk, up to what a unit may have in the pool: it may as well have been the destination's. */
const grownScratch = ({ scratchBytes, scratchLimitBytes = scratchBytes }: Placed, diskFailures: number) =>
  Math.max(scratchBytes, Math.min(scratchBytes * 2 ** diskFailures, scratchLimitBytes));
