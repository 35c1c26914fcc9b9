import type { MediaJob } from "../../../crds/media-job.ts";
import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import { decodeLedger, encodeLedger, OPEN } from "../ledger.ts";
import { isAuxiliary, type Plan } from "../plan/plan.ts";
import { type FoldedUnit, hasEndedBadly } from "./fold-units.ts";
import { UNIT_LETTERS } from "./unit-state.ts";

/** The sources of a MediaJob by what became of them. */
export type SourceCounts = NonNullable<MediaJobStatus["sources"]>;

const FAILED_SOURCE = "f";

/**
 * A source failed when a unit failed with it or was cancelled; it succeeded when all units with it ended well. What is
 * probed has units to come.
 */
export function sourceCounts(
  { awaitsFacts }: Plan,
  { spec, status }: Pick<MediaJob, "spec" | "status">,
  units: readonly FoldedUnit[],
): SourceCounts {
  const total = spec.sources.length;
  const isOpen = ({ unit, state }: FoldedUnit) =>
    state.state !== "Ended" || (awaitsFacts && unit.family === "probe");
  const reopened = new Set(units.filter(isOpen).flatMap(({ unit }) => unit.sources));
  const lacking = sourcesLacking(units);
  const letters = decodeLedger(status?.sources?.ledger, total).map((letter, index) =>
    reopened.has(index) && !lacking.has(index) ? OPEN : letter,
  );
  for (const { unit, state, fresh } of units) {
    if (!fresh || state.state !== "Ended" || isAuxiliary(unit)) continue;
    const failed =
      state.letter === UNIT_LETTERS.partial
        ? (state.result?.failedSources ?? []).map((index) => unit.sources[index])
        : state.letter === UNIT_LETTERS.succeeded
          ? []
          : unit.sources;
    for (const source of failed) if (source !== undefined) letters[source] = FAILED_SOURCE;
  }
  const failed = letters.filter((letter) => letter === FAILED_SOURCE).length;
  const succeeded = letters.filter((letter, index) => letter === OPEN && !reopened.has(index)).length;
  return { total, succeeded, failed, ledger: encodeLedger(letters) };
}

/** Sources with which a unit has failed or was cancelled, whatever other units of theirs do. */
const sourcesLacking = (units: readonly FoldedUnit[]): Set<number> =>
  new Set(
    units
      .filter((folded) => !isAuxiliary(folded.unit) && hasEndedBadly(folded))
      .flatMap(({ unit }) => unit.sources),
  );
