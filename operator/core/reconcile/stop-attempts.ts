import type { Action } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";

/** Stops all that run. */
export function stopAttempts(units: readonly FoldedUnit[]): Action[] {
  return units.flatMap(({ state }): Action[] =>
    state.state === "Running" && state.attempt.state === "Active"
      ? [{ do: "StopAttempt", attempt: state.attempt }]
      : [],
  );
}
