import type { FailureReason } from "../../../crds/failures.ts";
import type { MediaJob } from "../../../crds/media-job.ts";
import type { FailedAttempt } from "../../../crds/media-job-status.ts";
import type { Failure } from "../../../crds/result.ts";
import { attemptKey, type ObservedAttempt } from "./attempt.ts";

/**
 * The attempts, with those that the status tells of and whose Jobs are gone: a day after they ended, or by
 * somebody who tidied up. How often a unit was tried, and that it waits for a person, does not go with them.
 */
export function withToldAttempts(
  attempts: readonly ObservedAttempt[],
  { status }: Pick<MediaJob, "status">,
): ObservedAttempt[] {
  const told = new Map((status?.attempts ?? []).map((entry) => [attemptKey(entry), entry]));
  const seen = attempts.map((attempt) => {
    const entry = told.get(attemptKey(attempt));
    told.delete(attemptKey(attempt));
    return entry && attempt.state === "Failed" ? { ...attempt, told: failureOf(entry) } : attempt;
  });
  return [...seen, ...[...told.values()].map(attemptOf)];
}

/** A reason is one of ours, since it was ours to tell; the CRD leaves it open for those to come. */
const failureOf = ({ class: failureClass, reason, message }: FailedAttempt): Failure => ({
  class: failureClass,
  reason: reason as FailureReason,
  message,
});

function attemptOf(entry: FailedAttempt): ObservedAttempt {
  const { unit, attempt, endTime } = entry;
  return {
    ...{ unit, attempt, name: "", state: "Failed", pool: "", memoryBytes: 0 },
    ...(entry.class === "hardware" && { gpu: true }),
    ...(endTime !== undefined && { endedAtMs: Date.parse(endTime) }),
    told: failureOf(entry),
  };
}
