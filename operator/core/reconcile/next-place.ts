import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Placement } from "../plan/placement.ts";
import type { PlannedUnit } from "../plan/plan.ts";
import { mebi, parseQuantity } from "../quantity.ts";
import type { Placed } from "./decision.ts";
import type { Waiting } from "./unit-state.ts";

/**
 * Where the next attempt at a unit runs: as planned, changed by what earlier attempts have shown: no accelerator after it
 * failed, and what it takes. Refused where no pool gives as much.
 */
export const nextPlace = (unit: PlannedUnit, state: Waiting, spec: MediaJobSpec): Placement =>
  grown((state.withoutGpu && unit.withoutGpu) || unit.placement, state, spec);

/** A placement with more memory after running out of it, and more scratch after a disk was full, up to its pool's limits. */
export function grown(
  planned: Placement,
  { memory, diskFailures = 0 }: Waiting,
  { resources: { maxMemory } }: MediaJobSpec,
): Placement {
  if ("refused" in planned) return planned;
  const placement = { ...planned, scratchBytes: grownScratch(planned, diskFailures) };
  if (!memory) return placement;
  const limitBytes = placement.memoryLimitBytes;
  const memoryBytes = Math.min(memory.wantedBytes, limitBytes);
  if (memoryBytes > memory.givenBytes) return { ...placement, memoryBytes };
  const isOwnLimit = maxMemory !== undefined && Math.floor(parseQuantity(maxMemory)) <= limitBytes;
  const bound = isOwnLimit
    ? `spec.resources.maxMemory lets a unit have ${mebi(limitBytes)}`
    : `a unit may have ${mebi(limitBytes)} in pool ${placement.pool}`;
  return { refused: `needs ${mebi(memory.wantedBytes)} of memory or more; ${bound}` };
}

/** Twice as much for each full disk, up to what a unit may have in the pool: it may as well have been the destination's. */
const grownScratch = ({ scratchBytes, scratchLimitBytes = scratchBytes }: Placed, diskFailures: number) =>
  Math.max(scratchBytes, Math.min(scratchBytes * 2 ** diskFailures, scratchLimitBytes));
