import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Pool } from "../configuration.ts";
import { limitsIn, type Placement } from "./placement.ts";
import { hasGpu, type Plan, placementsOf, withoutGpuOf } from "./plan.ts";

/**
 * The plan with places for units that have none among these pools: their pool was taken out of the configuration since
 * they were planned, or none fitted then; and so for their place without an accelerator. The units and their estimates
 * stay what they were, and so does every other place: only what a unit may grow to there is what its pool gives now.
 */
export function placeAnew(plan: Plan, spec: MediaJobSpec, pools: readonly Pool[]): Plan {
  const poolOf = new Map(pools.map((pool) => [pool.name, pool]));
  /** The place as it is now; undefined when it is none. */
  const asItIs = (place: Placement | undefined): Placement | undefined => {
    const pool = place && !("refused" in place) && poolOf.get(place.pool);
    return pool ? { ...place, ...limitsIn(pool, spec) } : undefined;
  };
  const units = plan.units.map((unit) => {
    const { placement: planned, withoutGpu: plannedWithout, ...rest } = unit;
    const [placement, withoutGpu] = [asItIs(planned), asItIs(plannedWithout)];
    if (!placement) return { ...rest, ...placementsOf(unit, spec, pools) };
    if (!hasGpu(placement)) return { ...rest, placement };
    return { ...rest, placement, ...(withoutGpu ? { withoutGpu } : withoutGpuOf(unit, spec, pools)) };
  });
  return { ...plan, units };
}
