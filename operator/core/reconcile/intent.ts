import type { MediaJob } from "../../../crds/media-job.ts";
import { isTerminal } from "../../../crds/media-job-status.ts";
import { isAuxiliary, isFinalize, type Plan } from "../plan/plan.ts";
import { generationOf } from "./attempt.ts";
import { type FoldedUnit, hasEndedBadly } from "./fold-units.ts";
import { UNIT_LETTERS, type UnitState } from "./unit-state.ts";

/** What is wanted of the MediaJob now. `stop` says why nothing starts any more and nothing will. */
export interface Intent {
  /** Nothing starts for now; running units finish. */
  suspended: boolean;
  /** Nothing starts ever again. */
  stop?: {
    reason: "Cancelled" | "InvalidSpec" | "DeadlineExceeded" | "FailFast";
    stopRunning: boolean;
    message: string;
  };
  /** When activeDeadlineSeconds runs out; null without one. */
  deadlineMs: number | null;
}

/** Reads the wish from spec, the clock and the units. Of several reasons to stop, the user's own comes first. */
export function intentOf(job: MediaJob, plan: Plan, units: readonly FoldedUnit[], nowMs: number): Intent {
  const { spec } = job;
  const deadlineMs = deadlineOf(job, nowMs);
  const intent: Intent = { suspended: spec.suspend, deadlineMs };

  if (spec.cancel) {
    intent.stop = { reason: "Cancelled", stopRunning: true, message: "spec.cancel is set" };
  } else if (plan.faults.length > 0) {
    const message = plan.faults.map(({ path, message }) => `${path}: ${message}`).join("; ");
    intent.stop = { reason: "InvalidSpec", stopRunning: true, message };
  } else if (deadlineMs !== null && (deadlineMs <= nowMs || wasStopped(units, spec.retryGeneration))) {
    const message = `spec.activeDeadlineSeconds (${spec.activeDeadlineSeconds} s) ran out`;
    intent.stop = { reason: "DeadlineExceeded", stopRunning: true, message };
  } else if (spec.failurePolicy.sources === "FailFast" && units.some(hasFailed)) {
    const message = "a source failed and spec.failurePolicy.sources is FailFast";
    intent.stop = { reason: "FailFast", stopRunning: false, message };
  }
  return intent;
}

/**
 * When activeDeadlineSeconds runs out: counted from its start, or from the last time it was retried after its end or went
 * on after it was suspended, which may be just now. While it is suspended no time counts, as with a Kubernetes Job.
 */
function deadlineOf({ spec, status }: MediaJob, nowMs: number): number | null {
  if (!spec.activeDeadlineSeconds || !status?.startTime) return null;
  const rested = status.phase === "Suspended";
  if (rested && spec.suspend) return null;
  const begun = status.history?.findLast(({ from }) => from === "Suspended" || isTerminal(from));
  const sinceMs = rested || isTerminal(status.phase) ? nowMs : Date.parse(begun?.time ?? status.startTime);
  return sinceMs + spec.activeDeadlineSeconds * 1000;
}

/**
 * Whether what finalizes was begun while something could still go on: then another operator, whose clock is ahead, has
 * found that time had run out, and could not say so any more. What was swept meanwhile is not gone on with.
 */
function wasStopped(units: readonly FoldedUnit[], generation: number): boolean {
  const couldGoOn = ({ unit, state }: FoldedUnit) =>
    (state.state === "Held" || (state.state === "Waiting" && !state.memory?.leastBytes)) &&
    !("refused" in unit.placement) &&
    !(unit.needs ?? []).some((index) => hasEndedBadly(units[index]));
  return (
    units.some(({ unit, state }) => isFinalize(unit) && wasBegun(state, generation)) &&
    units.some((folded) => !isFinalize(folded.unit) && couldGoOn(folded))
  );
}

/** Whether it was tried in this generation. */
function wasBegun(state: UnitState, generation: number): boolean {
  if (state.state === "Running") return generationOf(state.attempt.attempt) === generation;
  return state.state === "Waiting" ? state.lastFailure !== undefined : state.attempt > 0;
}

const hasFailed = ({ unit, state }: FoldedUnit) =>
  !isAuxiliary(unit) &&
  state.state === "Ended" &&
  (state.letter === UNIT_LETTERS.failed || state.letter === UNIT_LETTERS.partial);
