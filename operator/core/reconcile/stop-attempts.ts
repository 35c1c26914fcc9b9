import type { Action } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";
import type { Intent } from "./intent.ts";

/** The attempts to stop: all that run, when the MediaJob is to stop at once. */
export function stopAttempts(units: readonly FoldedUnit[], { stop }: Intent): Action[] {
  if (!stop?.stopRunning) return [];
  return units.flatMap(({ state }): Action[] =>
    state.state === "Running" && state.attempt.state === "Active"
      ? [{ do: "StopAttempt", attempt: state.attempt }]
      : [],
  );
}
