import type { MediaJob } from "../../../crds/media-job.ts";
import { isAuxiliary, type Plan } from "../plan/plan.ts";
import type { FoldedUnit } from "./fold-units.ts";
import { UNIT_LETTERS } from "./unit-state.ts";

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
  const { spec, status } = job;
  const deadlineMs =
    spec.activeDeadlineSeconds && status?.startTime
      ? Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000
      : null;
  const intent: Intent = { suspended: spec.suspend, deadlineMs };

  if (spec.cancel) {
    intent.stop = { reason: "Cancelled", stopRunning: true, message: "spec.cancel is set" };
  } else if (plan.faults.length > 0) {
    const message = plan.faults.map(({ path, message }) => `${path}: ${message}`).join("; ");
    intent.stop = { reason: "InvalidSpec", stopRunning: true, message };
  } else if (deadlineMs !== null && deadlineMs <= nowMs) {
    const message = `spec.activeDeadlineSeconds (${spec.activeDeadlineSeconds} s) ran out`;
    intent.stop = { reason: "DeadlineExceeded", stopRunning: true, message };
  } else if (spec.failurePolicy.sources === "FailFast" && units.some(hasFailed)) {
    const message = "a source failed and spec.failurePolicy.sources is FailFast";
    intent.stop = { reason: "FailFast", stopRunning: false, message };
  }
  return intent;
}

const hasFailed = ({ unit, state }: FoldedUnit) =>
  !isAuxiliary(unit) &&
  state.state === "Ended" &&
  (state.letter === UNIT_LETTERS.failed || state.letter === UNIT_LETTERS.partial);
