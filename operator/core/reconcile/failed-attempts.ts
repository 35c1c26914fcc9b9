import type { FailedAttempt } from "../../../crds/media-job-status.ts";
import { timestampOf } from "../timestamp.ts";
import { attemptKey, type ObservedAttempt } from "./attempt.ts";
import { classifyFailure } from "./classify-failure.ts";

const MAX_ATTEMPTS = 20;
const MAX_MESSAGE = 256;

/** The attempts that failed, as they were first told of, each once; the last ones, oldest first. */
export function failedAttempts(
  attempts: readonly ObservedAttempt[],
  previous: readonly FailedAttempt[],
): FailedAttempt[] {
  const all = new Map([...entriesOf(attempts), ...previous].map((entry) => [attemptKey(entry), entry]));
  return [...all.values()].toSorted(byEnd).slice(-MAX_ATTEMPTS);
}

/**
 * The failed attempts of which a status does not tell yet, oldest first, however many they are. What ended before the
 * oldest of a full list is not new: it had a place there, or was told of beside others that took all of them.
 *
 * @param previous the list of that status
 */
export function newFailures(
  attempts: readonly ObservedAttempt[],
  previous: readonly FailedAttempt[],
): FailedAttempt[] {
  const known = new Set(previous.map(attemptKey));
  const oldest = previous.length < MAX_ATTEMPTS ? undefined : previous[0];
  return entriesOf(attempts)
    .filter((entry) => !known.has(attemptKey(entry)) && !(oldest && byEnd(entry, oldest) < 0))
    .toSorted(byEnd);
}

const entriesOf = (attempts: readonly ObservedAttempt[]): FailedAttempt[] =>
  attempts.filter(({ state }) => state === "Failed").map(entryOf);

function entryOf(attempt: ObservedAttempt): FailedAttempt {
  const { class: failureClass, reason, message } = classifyFailure(attempt);
  const { exitCode, node, endedAtMs, result } = attempt;
  return {
    unit: attempt.unit,
    attempt: attempt.attempt,
    class: failureClass,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    ...(exitCode !== undefined && { exitCode }),
    ...(node && { node }),
    ...(endedAtMs !== undefined && { endTime: timestampOf(endedAtMs) }),
    ...(result && { cpuSeconds: result.usage.cpuSeconds, peakMemoryBytes: result.usage.peakMemoryBytes }),
  };
}

const byEnd = (a: FailedAttempt, b: FailedAttempt): number =>
  compare(a.endTime, b.endTime) || compare(a.unit, b.unit) || a.attempt - b.attempt;

const compare = (a = "", b = "") => (a < b ? -1 : a > b ? 1 : 0);
