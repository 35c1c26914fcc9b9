import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Pool } from "../configuration.ts";
import type { Placement } from "./placement.ts";
import { hasGpu, type Plan, placementsOf, withoutGpuOf } from "./plan.ts";

/**
 * The plan with places for units that have none among these pools: their pool was taken out of the configuration since
 * they were planned, or none fitted then; and so for their place without an accelerator. The units and their estimates
 * stay what they were; so does every other place, whatever else of its pool has changed.
 */
export function placeAnew(plan: Plan, spec: MediaJobSpec, pools: readonly Pool[]): Plan {
  const names = new Set(pools.map(({ name }) => name));
  const isThere = (place: Placement | undefined): boolean =>
    place !== undefined && !("refused" in place) && names.has(place.pool);
  const units = plan.units.map((unit) => {
    const { placement, withoutGpu, ...rest } = unit;
    if (!isThere(placement)) return { ...rest, ...placementsOf(unit, spec, pools) };
    if (!hasGpu(placement) || isThere(withoutGpu)) return unit;
    return { ...rest, placement, ...withoutGpuOf(unit, spec, pools) };
  });
  return { ...plan, units };
}
