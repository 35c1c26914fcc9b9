import type { FailedAttempt, MediaJobStatus } from "../../../crds/media-job-status.ts";
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
  const seen = attempts.filter(({ state }) => state === "Failed").map(entryOf);
  const all = new Map([...seen, ...previous].map((entry) => [attemptKey(entry), entry]));
  return [...all.values()]
    .toSorted((a, b) => compare(a.endTime, b.endTime) || compare(a.unit, b.unit) || a.attempt - b.attempt)
    .slice(-MAX_ATTEMPTS);
}

/** The failed attempts that a status tells of and the one before it did not. */
export function newFailures(
  { attempts = [] }: MediaJobStatus,
  previous: MediaJobStatus | undefined,
): FailedAttempt[] {
  const known = new Set(previous?.attempts?.map(attemptKey));
  return attempts.filter((attempt) => !known.has(attemptKey(attempt)));
}

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

const compare = (a = "", b = "") => (a < b ? -1 : a > b ? 1 : 0);
