import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Pool } from "../configuration.ts";
import { type Plan, type PlannedUnit, placementsOf } from "./plan.ts";

/**
 * The plan with places for units that have none among these pools: their pool was taken out of the configuration since
 * they were planned, or none fitted then. The units and their estimates stay what they were; so does the place of
 * every other unit, whatever else of its pool has changed.
 */
export function placeAnew(plan: Plan, spec: MediaJobSpec, pools: readonly Pool[]): Plan {
  const names = new Set(pools.map(({ name }) => name));
  const isThere = ({ placement }: PlannedUnit) => !("refused" in placement) && names.has(placement.pool);
  if (plan.units.every(isThere)) return plan;
  const units = plan.units.map((unit) => {
    if (isThere(unit)) return unit;
    const { withoutGpu: _, ...rest } = unit;
    return { ...rest, ...placementsOf(unit, spec, pools) };
  });
  return { ...plan, units };
}
