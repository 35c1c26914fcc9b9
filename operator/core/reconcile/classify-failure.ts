import { classByCode, classOf, type FailureReason } from "../../../crds/failures.ts";
import type { Failure } from "../../../crds/result.ts";
import type { ObservedAttempt } from "./attempt.ts";

/**
 * Says why an attempt failed; the first rule that answers wins. Order matters: a drained node may also end
 * a pod with 137, so `disrupted`, and what else the node says, is asked before `outOfMemory`; and a worker that
 * reported why it failed knows better than its exit code.
 */
export function classifyFailure(attempt: ObservedAttempt): Failure {
  const failure = classifyAnew(attempt);
  return attempt.told && attempt.told.reason !== failure.reason ? attempt.told : failure;
}

/**
 * Whether the cluster had no place for an attempt in the end, so that nothing of it has run: by what its node says, where
 * a broken device is why, too, or by what was told, where its Job is gone.
 */
export const foundNoPlace = (attempt: ObservedAttempt): boolean =>
  wasRefused(attempt) || NO_PLACE.has(classifyFailure(attempt).reason);

const NO_PLACE: ReadonlySet<string> = new Set<FailureReason>([
  "NotAdmitted",
  "NotScheduled",
  "QuotaExceeded",
]);

function classifyAnew(attempt: ObservedAttempt): Failure {
  for (const rule of [
    disrupted,
    overfilled,
    refusedByNode,
    endedByNode,
    podDeleted,
    notStarted,
    deadlineExceeded,
    containerLost,
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

/** Unlike a node that runs out of room, a pod that fills more of it than it may is no disruption to the cluster. */
const overfilled: Rule = ({ podReason, message = "" }) =>
  podReason === "Evicted" && /\bexceed(s|ed) .*\blimit\b/.test(message)
    ? failed("DiskFull", `evicted for what it wrote: ${message}`)
    : undefined;

/** What a kubelet says when it does not take a pod: there is less room than the scheduler knew, or the node changes. */
const REFUSALS = /^(OutOf.+|NodeAffinity|NodeShutdown|UnexpectedAdmissionError|TopologyAffinityError)$/;

/** Whether its node did not take it, so that nothing of it has run. */
const wasRefused = ({ podReason = "", exitCode, result }: ObservedAttempt): boolean =>
  REFUSALS.test(podReason) && exitCode === undefined && !result;

const refusedByNode: Rule = (attempt) => {
  if (!wasRefused(attempt)) return undefined;
  const { gpu, podReason, message = "" } = attempt;
  const isBroken = gpu && /\bunhealthy device/.test(message);
  return failed(
    isBroken ? "HardwareUnavailable" : "NotAdmitted",
    `its node refused it: ${podReason}: ${message}`,
  );
};

/** A kubelet that restarts asks itself anew whether it takes what runs on its node. */
const endedByNode: Rule = ({ podReason = "", message }) =>
  REFUSALS.test(podReason) || ["Evicted", "Terminated", "Shutdown", "Preempting"].includes(podReason)
    ? failed("Evicted", `${podReason}: ${message ?? "its node ended the pod"}`)
    : undefined;

const containerLost: Rule = ({ containerLost, node }) =>
  containerLost
    ? failed("NodeLost", `${node ? `node ${node}` : "its node"} restarted and lost it`)
    : undefined;

/** A pod that fails by itself stays to be looked at; one that is gone was deleted from outside. */
const podDeleted: Rule = ({ podGone, exitCode, result }) =>
  podGone && exitCode === undefined && !result ? failed("PodDeleted", "its pod was deleted") : undefined;

/** Reasons, but for the usual one, for which the operator ends what does not start. */
const GIVEN_REASONS = ["HardwareUnavailable", "NotScheduled", "QuotaExceeded"] as const;

const notStarted: Rule = ({ failedBecause, failedReason }) =>
  failedBecause
    ? failed(GIVEN_REASONS.find((reason) => reason === failedReason) ?? "PodNotStarted", failedBecause)
    : undefined;

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
