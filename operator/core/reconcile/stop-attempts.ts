import { isFinalize } from "../plan/plan.ts";
import type { Action } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";

/** Stops all that run; but what finalizes, since that is what comes after a stop. */
export function stopAttempts(units: readonly FoldedUnit[]): Action[] {
  return units.flatMap(({ unit, state }): Action[] =>
    !isFinalize(unit) && state.state === "Running" && state.attempt.state === "Active"
      ? [{ do: "StopAttempt", attempt: state.attempt }]
      : [],
  );
}
