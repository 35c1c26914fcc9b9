import { classByCode, classOf, type FailureReason } from "../../../crds/failures.ts";
import type { Failure } from "../../../crds/result.ts";
import type { ObservedAttempt } from "./attempt.ts";

/**
 * Says why an attempt failed; the first rule that answers wins. Order matters: a drained node may also end
 * a pod with 137, so `disrupted` is asked before `outOfMemory`; and a worker that reported why it failed
 * knows better than its exit code.
 */
export function classifyFailure(attempt: ObservedAttempt): Failure {
  for (const rule of [
    disrupted,
    podDeleted,
    notStarted,
    deadlineExceeded,
    outOfMemory,
    reportedByWorker,
    byExitCode,
  ]) {
    const failure = rule(attempt);
    if (failure) return failure;
  }
  return failed("NoResult", attempt.message ?? "the attempt ended without a result or an exit code");
}

type Rule = (attempt: ObservedAttempt) => Failure | undefined;

const disrupted: Rule = ({ disrupted, lost, message }) =>
  disrupted ? failed(lost ? "NodeLost" : "Evicted", message ?? "the cluster stopped the pod") : undefined;

/** A pod that fails by itself stays to be looked at; one that is gone was deleted from outside. */
const podDeleted: Rule = ({ podGone, exitCode, result }) =>
  podGone && exitCode === undefined && !result ? failed("PodDeleted", "its pod was deleted") : undefined;

const notStarted: Rule = ({ failedBecause, failedReason }) => {
  if (!failedBecause) return undefined;
  return failed(
    failedReason === "HardwareUnavailable" ? "HardwareUnavailable" : "PodNotStarted",
    failedBecause,
  );
};

const deadlineExceeded: Rule = ({ deadlineExceeded, message }) =>
  deadlineExceeded
    ? failed("DeadlineExceeded", message ?? "the attempt ran longer than spec.unitTimeoutSeconds")
    : undefined;

/** 137 alone says that it was killed, not why; too little memory is by far the most frequent cause. */
const outOfMemory: Rule = ({ oomKilled, exitCode, result, memoryBytes }) => {
  const memory = `its ${Math.round(memoryBytes / 2 ** 20)}Mi of memory`;
  if (oomKilled) return failed("MemoryLimitExceeded", `killed for using more than ${memory}`);
  if (exitCode !== 137 || result) return undefined;
  return failed("MemoryLimitExceeded", `killed (exit code 137), most likely for using more than ${memory}`);
};

const reportedByWorker: Rule = ({ result }) => result?.failure;

const byExitCode: Rule = ({ exitCode, message }) => {
  if (exitCode === undefined) return undefined;
  const text = `worker exited with code ${exitCode} and left no result${message ? `: ${message}` : ""}`;
  const known = classByCode(exitCode);
  return { ...failed("WorkerCrashed", text), ...(known && { class: known }) };
};

const failed = (reason: FailureReason, message: string): Failure => ({
  class: classOf(reason),
  reason,
  message,
});
