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
  if (!plan.awaitsFacts) return factsOfOnly(plan, observation);
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

/** What the only unit has found instead of making a long video whole. */
function factsOfOnly({ units: [only] }: Plan, { attempts }: Observation): Facts | undefined {
  if (only?.wholeUpToSeconds === undefined) return undefined;
  const row = attempts.find(
    ({ unit, state, result }) => unit === only.name && state === "Succeeded" && result?.facts,
  )?.result?.facts?.[0];
  return row && new Map([[only.sources[0] ?? 0, factsOf(row)]]);
}

const factsOf = (row: readonly (number | null)[]): SourceFacts =>
  Object.fromEntries(
    FACT_COLUMNS.flatMap((column, index) => (row[index] == null ? [] : [[column, row[index]]])),
  );
