import { FACT_COLUMNS, type SourceFacts } from "../../../crds/result.ts";
import type { Facts, Plan } from "../plan/plan.ts";
import type { Observation } from "./decision.ts";
import { foldUnits } from "./fold-units.ts";
import { intentOf } from "./intent.ts";

/**
 * What the units that probe have found, once all of them have ended: then the rest can be planned. Undefined while
 * there is something to wait for, and when the plan is whole. A source that could not be probed, or whose facts were
 * lost with their pod, stays unknown: the unit that needs it says what is wrong with it.
 */
export function factsFor(plan: Plan, observation: Observation): Facts | undefined {
  if (!plan.awaitsFacts) return undefined;
  const units = foldUnits(observation, plan);
  const { stop } = intentOf(observation.job, plan, units, observation.nowMs);
  const settled = units.every(
    ({ unit, state }) =>
      unit.family !== "probe" || state.state === "Ended" || (stop !== undefined && state.state !== "Running"),
  );
  if (!settled) return undefined;
  const probed = observation.attempts.filter(({ state, result }) => state === "Succeeded" && result?.facts);
  const byUnit = new Map(probed.map(({ unit, result }) => [unit, result?.facts ?? []]));
  return new Map(
    units.flatMap(({ unit }) =>
      (byUnit.get(unit.name) ?? []).flatMap((row, index) => {
        const source = unit.sources[index];
        return source === undefined ? [] : [[source, factsOf(row)] as const];
      }),
    ),
  );
}

const factsOf = (row: readonly (number | null)[]): SourceFacts =>
  Object.fromEntries(
    FACT_COLUMNS.flatMap((column, index) => (row[index] == null ? [] : [[column, row[index]]])),
  );
