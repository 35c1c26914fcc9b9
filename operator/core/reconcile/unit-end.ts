import type { Failure } from "../../../crds/result.ts";
import type { Placement } from "../plan/placement.ts";
import { isFinalize, type PlannedUnit } from "../plan/plan.ts";
import { attemptBefore } from "./attempt.ts";
import { type FoldedUnit, hasEnded, hasEndedBadly } from "./fold-units.ts";
import type { Round } from "./start-round.ts";
import { givenUp, UNIT_LETTERS, type UnitLetter, type Waiting } from "./unit-state.ts";

/**
 * How a unit ends without another attempt; the first reason counts. Undefined when there is none.
 *
 * @param placed where its next attempt would run
 */
export function endWithoutAttempt(
  folded: FoldedUnit,
  placed: Placement | undefined,
  { before, begun, intent, rejected }: Pick<Round, "before" | "begun" | "intent" | "rejected">,
): FoldedUnit | undefined {
  const { unit, state } = folded;
  if (intent.stop && !isFinalize(unit) && (state.state === "Waiting" || state.state === "Held"))
    return ended(folded, { letter: UNIT_LETTERS.cancelled });
  if (state.state !== "Waiting") return undefined;
  const last = isFinalize(unit) && before.every(hasEnded) && withoutFinalizing(state, { begun, intent });
  if (last) return ended(folded, last);
  if (unit.needs?.some((index) => hasEndedBadly(before[index])))
    return ended(folded, { letter: UNIT_LETTERS.cancelled });
  if (placed && "refused" in placed)
    return refused(unit, state, { class: "config", reason: "NoPoolFits", message: placed.refused });
  const rejection = rejected.failureOf(unit.name, state.attempt);
  return rejection && refused(unit, state, rejection);
}

/**
 * How what finalizes ends without another attempt: where nothing ever began there is nothing to clean up; and who
 * stops a MediaJob does not wait for a second try.
 */
function withoutFinalizing(
  { lastFailure }: Waiting,
  { begun, intent }: Pick<Round, "begun" | "intent">,
): { letter: UnitLetter; failure?: Failure } | undefined {
  if (!begun) return { letter: UNIT_LETTERS.cancelled };
  return intent.stop && lastFailure ? { letter: UNIT_LETTERS.failed, failure: lastFailure } : undefined;
}

/** A unit that ends without another attempt. */
const ended = ({ unit, state }: FoldedUnit, end: { letter: UnitLetter; failure?: Failure }): FoldedUnit => ({
  unit,
  state: {
    state: "Ended",
    attempt: state.state === "Waiting" ? attemptBefore(state.attempt) : 0,
    ...end,
  },
  fresh: true,
});

/** A unit whose next attempt cannot be. */
const refused = (
  unit: PlannedUnit,
  { attempt, lastResult: result }: Waiting,
  failure: Failure,
): FoldedUnit => ({
  unit,
  state: givenUp({ attempt: attemptBefore(attempt), failure, result }),
  fresh: true,
});
