import type { Failure, UnitResult } from "../../../crds/result.ts";

/**
 * An attempt at a unit as a shell sees it: one Kubernetes Job with its pod, or one child process.
 *
 *     Active ──> Succeeded | Failed
 *     Active ──> Ending ──> gone          (deleted, its pod still stops)
 */
export interface ObservedAttempt {
  unit: string;
  /** From 1; see `attemptNumber`. */
  attempt: number;
  /** Name of the Job. */
  name: string;
  state: "Active" | "Ending" | "Succeeded" | "Failed";
  /** Pool it was started in. */
  pool: string;
  /** Memory it was given. */
  memoryBytes: number;
  /** It was given an accelerator. */
  gpu?: boolean;
  /** Its Job is suspended: Kueue has not admitted it yet. */
  suspended?: boolean;
  /** In ms since 1970, as far as known. */
  endedAtMs?: number;
  /** What the worker left as its termination message. */
  result?: UnitResult;
  exitCode?: number;
  oomKilled?: boolean;
  /** Nobody knows how its container ended: its node has restarted meanwhile. The exit code is made up then. */
  containerLost?: boolean;
  /** Why its node ended its pod, or did not take it, in the kubelet's one word: Evicted, OutOfcpu, … */
  podReason?: string;
  /** A pod condition says that the cluster ended it: eviction, drain, preemption, node loss. */
  disrupted?: boolean;
  deadlineExceeded?: boolean;
  /** The cluster's own words, e.g. why no container could be made. */
  message?: string;
  /** No container runs yet, and why: one CamelCase word and the cluster's own words. */
  waiting?: { reason: string; message: string; sinceMs: number };
  /** The node does not answer; what runs on it may run on. */
  unreachable?: { node: string; sinceMs: number };
  /** It failed, and its pod was deleted, so nothing says why. */
  podGone?: boolean;
  /** Given up since its node did not answer for too long. */
  lost?: boolean;
  /** Its Job is being deleted. */
  deleting?: boolean;
  node?: string;
  /** How it failed, as the status has told: that counts, also when its pod is gone since. */
  told?: Failure;
  /** Why the operator let it fail, see the action `FailAttempt`. */
  failedBecause?: string;
  /** The reason that was given with it. */
  failedReason?: string;
}

/** What tells an attempt from all others of its MediaJob. */
export const attemptKey = ({ unit, attempt }: Pick<ObservedAttempt, "unit" | "attempt">): string =>
  `${unit}/${attempt}`;

/** Attempts per retryGeneration; more than `retry.maxAttempts` may ever be, with room for disruptions. */
const ATTEMPTS_PER_GENERATION = 100;

/** How many attempts of one retryGeneration there may be, disruptions included. */
export const MOST_ATTEMPTS = ATTEMPTS_PER_GENERATION - 1;

/**
 * The number of the n-th attempt (from 1) of a retryGeneration: 1, 2, … then 101, 102, …
 * Raising retryGeneration thus starts with new Job names and a fresh count.
 */
export const attemptNumber = (retryGeneration: number, n: number): number =>
  retryGeneration * ATTEMPTS_PER_GENERATION + n;

/** The inverse of `attemptNumber`. */
export const generationOf = (attempt: number): number => Math.floor((attempt - 1) / ATTEMPTS_PER_GENERATION);

/** The number of the attempt before it in the same retryGeneration; 0 when it is the first there. */
export const attemptBefore = (attempt: number): number =>
  generationOf(attempt - 1) === generationOf(attempt) ? attempt - 1 : 0;

/** The number of the last attempt that one retryGeneration may have, disruptions included. */
export const lastAttemptNumber = (retryGeneration: number): number =>
  attemptNumber(retryGeneration, MOST_ATTEMPTS);
