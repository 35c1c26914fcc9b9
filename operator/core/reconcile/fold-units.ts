import type { MediaJob } from "../../../crds/media-job.ts";
import { isRetried } from "../is-over.ts";
import { decodeLedger } from "../ledger.ts";
import { awaitsFacts, isFinalize, type Plan, type PlannedUnit } from "../plan/plan.ts";
import type { Observation } from "./decision.ts";
import { foldAttempts, UNIT_LETTERS, type UnitLetter, type UnitState } from "./unit-state.ts";

/** A unit with its state in this pass. */
export interface FoldedUnit {
  unit: PlannedUnit;
  state: UnitState;
  /** True when the ledger does not know yet that the unit ended: its result is taken into status now, once. */
  fresh: boolean;
}

/** Well or not. */
export const hasEnded = ({ state }: FoldedUnit): boolean => state.state === "Ended";

/** A unit that needs this one will never start. */
export const hasEndedBadly = (folded: FoldedUnit | undefined): boolean =>
  folded?.state.state === "Ended" && folded.state.letter !== UNIT_LETTERS.succeeded;

/** Outputs that a unit did not make again, since another MediaJob had made the same. */
export const reusedBy = ({ state }: FoldedUnit): number =>
  state.state === "Ended" ? (state.result?.counts.reused ?? 0) : 0;

/**
 * The state of every unit. What the ledger says ended is final; the rest is folded from the attempts. What it says is held
 * stays so, also when nothing tells any more of the attempt that was lost. A raised retryGeneration opens again what
 * failed, was partial, cancelled or held; the parts that such a unit joins, since they were swept; and what finalizes,
 * if there is anything then to finalize.
 */
export function foldUnits(
  { job, attempts }: Pick<Observation, "job" | "attempts">,
  { units }: Plan,
): FoldedUnit[] {
  const letters = decodeLedger(job.status?.units?.ledger, units.length);
  const reopened = isRetried(job);
  const byUnit = Map.groupBy(attempts, ({ unit }) => unit);
  const context = { spec: job.spec, uid: job.metadata.uid ?? "" };

  const joined = new Set(
    units.flatMap(({ index, needs = [] }) => (letters[index] === UNIT_LETTERS.succeeded ? [] : needs)),
  );
  let open = 0;
  return units.map((unit) => {
    const isHeld = letters[unit.index] === UNIT_LETTERS.held;
    const letter = isHeld ? UNIT_LETTERS.open : (letters[unit.index] as UnitLetter);
    const again =
      letter !== UNIT_LETTERS.succeeded || joined.has(unit.index) || (isFinalize(unit) && open > 0);
    const closed = letter !== UNIT_LETTERS.open && !(reopened && again);
    if (!closed) open++;
    const own = byUnit.get(unit.name) ?? [];
    if (closed) return { unit, state: { state: "Ended", letter, attempt: 0 }, fresh: false };
    const state = foldAttempts(unit, own, context);
    if (isHeld && !reopened && state.state === "Waiting")
      return { unit, state: { state: "Held", attempt: state.attempt }, fresh: false };
    return { unit, state, fresh: state.state === "Ended" };
  });
}

/**
 * The names of the units of which the ledger says it all: how their attempts ended is asked no more. Of none while a
 * plan may grow by what an attempt has found, or once a raised retryGeneration may open them again.
 */
export function settledUnits(job: Pick<MediaJob, "spec" | "status">, plan: Plan): Set<string> {
  if (awaitsFacts(plan) || isRetried(job)) return new Set();
  const letters = decodeLedger(job.status?.units?.ledger, plan.units.length);
  const isOpen = (letter = "") => letter === UNIT_LETTERS.open || letter === UNIT_LETTERS.held;
  const settled = plan.units.filter(({ index }) => !isOpen(letters[index]));
  return new Set(settled.map(({ name }) => name));
}
