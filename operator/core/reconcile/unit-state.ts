import { FAILURE_CLASSES, type FailureClass } from "../../../crds/failures.ts";
import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Failure, UnitResult } from "../../../crds/result.ts";
import { OPEN } from "../ledger.ts";
import { isAuxiliary, isFinalize, type PlannedUnit } from "../plan/plan.ts";
import { spreadOf } from "../spread.ts";
import { attemptNumber, generationOf, lastAttemptNumber, type ObservedAttempt } from "./attempt.ts";
import { classifyFailure, foundNoPlace } from "./classify-failure.ts";
import { mayRetry, retryDelayMs } from "./retry.ts";

/** Letters of the units' ledger. */
export const UNIT_LETTERS = {
  succeeded: "s",
  partial: "p",
  failed: "f",
  cancelled: "c",
  /** Lost, and waits for a person: not ended, and more than the bounded list of attempts can remember. */
  held: "h",
  open: OPEN,
} as const;
export type UnitLetter = (typeof UNIT_LETTERS)[keyof typeof UNIT_LETTERS];

/** After attempts ran out of memory. */
export interface MemoryNeed {
  /**
   * What helps at the least: what an attempt of this retryGeneration said it needs, or more than one had that ran out; 0
   * when none of it did, so that a person's retry always runs.
   */
  leastBytes: number;
  /** What the next wants: exact when reported, else twice what one had. */
  wantedBytes: number;
}

/**
 * Where a unit stands.
 *
 *     Waiting ──> Running ──> Ended (succeeded, partial, failed)
 *        ^           │
 *        └── retry ──┤
 *                    └──────> Held (lost, and spec.recovery is Manual: until retryGeneration is raised)
 */
export type UnitState =
  | {
      state: "Waiting";
      attempt: number;
      notBeforeMs: number;
      memory?: MemoryNeed;
      /** Attempts that have filled their disk. */
      diskFailures?: number;
      lastFailure?: Failure;
      /** What the last attempt left; it stands if no other follows. */
      lastResult?: UnitResult;
      withoutGpu?: boolean;
    }
  | { state: "Running"; attempt: ObservedAttempt }
  | { state: "Held"; attempt: number }
  | { state: "Ended"; letter: UnitLetter; attempt: number; result?: UnitResult; failure?: Failure };

/** It is to be tried, once it may. */
export type Waiting = Extract<UnitState, { state: "Waiting" }>;

/**
 * Folds the attempts at a unit into its state. The ledger is not asked: a unit that has a letter there is
 * never folded again.
 */
export function foldAttempts(
  unit: PlannedUnit,
  observed: readonly ObservedAttempt[],
  { spec, uid }: { spec: MediaJobSpec; uid: string },
): UnitState {
  // One that may leave its source to parts has shown nothing by ending well: without a result it is not known which.
  const attempts =
    unit.wholeUpToSeconds === undefined
      ? observed
      : observed.map((attempt) =>
          attempt.state === "Succeeded" && !attempt.result
            ? { ...attempt, state: "Failed" as const }
            : attempt,
        );
  const ofGeneration = attempts
    .filter(({ attempt }) => generationOf(attempt) === spec.retryGeneration)
    .toSorted((a, b) => a.attempt - b.attempt);

  // Any live attempt holds the unit, also one of an earlier generation: no unit runs twice at once.
  const live = attempts.find(({ state }) => state === "Active" || state === "Ending");
  if (live) return { state: "Running", attempt: live };

  // Also when retryGeneration was raised while it ran: what is done whole is done. But what is swept is made anew.
  const lasting = isFinalize(unit) || unit.part ? ofGeneration : attempts;
  const whole = lasting.find(({ state, result }) => state === "Succeeded" && !result?.counts.failed);
  if (whole) return ended(whole);

  const last = ofGeneration.at(-1);
  const learned = { diskFailures: countOf("disk", attempts), ...memoryOf(attempts, spec.retryGeneration) };
  if (!last)
    return {
      state: "Waiting",
      attempt: attemptNumber(spec.retryGeneration, 1),
      notBeforeMs: 0,
      ...learned,
    };
  if (last.state === "Succeeded") return ended(last);

  const failure = classifyFailure(last);
  // An accelerator that fails takes no attempt from what is tried without one.
  const isCounted = (attempt: ObservedAttempt) =>
    FAILURE_CLASSES[classifyFailure(attempt).class].counted && !(unit.withoutGpu && hasLostGpu(attempt));
  const counted = ofGeneration.filter(isCounted).length;
  const refused = ofGeneration.length - 1 - ofGeneration.findLastIndex((attempt) => !foundNoPlace(attempt));
  if (failure.class === "disruption" && !refused && spec.recovery === "Manual" && !isAuxiliary(unit)) {
    return { state: "Held", attempt: last.attempt };
  }
  const outOfTries =
    !mayRetry(failure.class, counted, spec.retry.maxAttempts) ||
    last.attempt >= lastAttemptNumber(spec.retryGeneration); // by number: most of their Jobs may be gone
  if (outOfTries) return givenUp({ attempt: last.attempt, failure, result: last.result });

  const delayMs = retryDelayMs({
    failureClass: failure.class,
    counted: Math.max(1, counted),
    refused,
    priority: spec.priority,
    spread: spreadOf(`${uid}/${unit.name}/${last.attempt}`),
  });
  return {
    state: "Waiting",
    attempt: last.attempt + 1,
    notBeforeMs: (last.endedAtMs ?? 0) + delayMs,
    lastFailure: failure,
    ...(last.result && { lastResult: last.result }),
    withoutGpu: ofGeneration.some(hasLostGpu),
    ...learned,
  };
}

/**
 * The end of a unit that is not tried again. Where a single source is why, the others were done with before: what is made of
 * them stands, and the unit has failed in part. What ended the attempt as a whole names no source.
 */
export function givenUp({
  attempt,
  failure,
  result,
}: {
  attempt: number;
  failure: Failure;
  result: UnitResult | undefined;
}): UnitState {
  const made = result ? result.counts.succeeded + result.counts.skipped : 0;
  const isPartial = made > 0 && result?.failure?.source !== undefined;
  const letter = isPartial ? UNIT_LETTERS.partial : UNIT_LETTERS.failed;
  return { state: "Ended", letter, attempt, failure, ...(result && { result }) };
}

const countOf = (failureClass: FailureClass, attempts: readonly ObservedAttempt[]): number =>
  attempts.filter((attempt) => attempt.state === "Failed" && classifyFailure(attempt).class === failureClass)
    .length;

/** Whether an attempt failed by the accelerator it was given. */
const hasLostGpu = (attempt: ObservedAttempt): boolean =>
  attempt.gpu === true && classifyFailure(attempt).class === "hardware";

/** What attempts have shown of the memory it takes, the last or any before: it takes no less by failing otherwise. */
function memoryOf(attempts: readonly ObservedAttempt[], generation: number): { memory?: MemoryNeed } {
  // What one had whose Job is gone is not known.
  const short = attempts.filter(
    (attempt) =>
      attempt.state === "Failed" && attempt.memoryBytes > 0 && classifyFailure(attempt).class === "memory",
  );
  if (short.length === 0) return {};
  const ofGeneration = short.filter(({ attempt }) => generationOf(attempt) === generation);
  return {
    memory: {
      leastBytes: Math.max(
        0,
        ...ofGeneration.map(({ memoryBytes, result }) =>
          Math.max(memoryBytes + 1, result?.needs?.memoryBytes ?? 0),
        ),
      ),
      wantedBytes: Math.max(
        ...short.map(({ memoryBytes, result }) => result?.needs?.memoryBytes ?? memoryBytes * 2),
      ),
    },
  };
}

function ended(attempt: ObservedAttempt): UnitState {
  const { result } = attempt;
  const partial = result !== undefined && result.counts.failed > 0;
  return {
    state: "Ended",
    letter: partial ? UNIT_LETTERS.partial : UNIT_LETTERS.succeeded,
    attempt: attempt.attempt,
    ...(result && { result }),
  };
}
