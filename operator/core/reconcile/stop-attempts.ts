import { isFinalize } from "../plan/plan.ts";
import type { Action } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";
import type { Intent } from "./intent.ts";

/** Stops all that run; but what finalizes, since that is what comes after a stop. */
export function stopAttempts(units: readonly FoldedUnit[]): Action[] {
  return units.flatMap(({ unit, state }): Action[] =>
    !isFinalize(unit) && state.state === "Running" && state.attempt.state === "Active"
      ? [{ do: "StopAttempt", attempt: state.attempt }]
      : [],
  );
}

/**
 * Takes back what Kueue has not admitted yet, when nothing shall start: it would start that whenever it has quota. Nothing
 * of it has run, so it is no attempt; what finalizes shall start after a stop.
 */
export function takeBack(units: readonly FoldedUnit[], { suspended, stop }: Intent): Action[] {
  if (!suspended && !stop) return [];
  return units.flatMap(({ unit, state }): Action[] =>
    !(stop && isFinalize(unit)) &&
    state.state === "Running" &&
    state.attempt.state === "Active" &&
    state.attempt.suspended
      ? [{ do: "StopAttempt", attempt: state.attempt }]
      : [],
  );
}
