import { type MediaJob, PROGRESS_STEP, type WebhookEvent } from "../../../crds/media-job.ts";
import {
  type FailedAttempt,
  isTerminal,
  type MediaJobStatus,
  type OutputStatus,
  type PendingDelivery,
  type Phase,
} from "../../../crds/media-job-status.ts";
import { readyMessage } from "./conditions.ts";
import { type Endpoint, isWanted } from "./endpoints.ts";
import type { FoldedUnit } from "./fold-units.ts";
import { wentOn } from "./history.ts";
import { ENDING_REASONS } from "./phase.ts";
import { UNIT_LETTERS } from "./unit-state.ts";

/** Something to tell of, before it has a number: what endpoints are sent is in the same words as the status. */
export interface Happening
  extends Pick<PendingDelivery, "message" | "progress" | "unit" | "outputs" | "outputCount"> {
  type: WebhookEvent;
  /** Of job.progress: the percentage told of before. */
  fromPercent?: number;
}

/** What one event may carry, so that a full outbox stays small beside what etcd takes. */
const MAX_OUTPUTS = 5;
const MAX_OUTPUT_BYTES = 2048;
const MAX_MESSAGE = 256;

/** The event that tells of reaching a phase; a phase without one is told to nobody. */
const EVENT_OF_PHASE: Partial<Record<Phase, WebhookEvent>> = {
  Queued: "job.queued",
  Running: "job.started",
  Suspended: "job.suspended",
  RecoveryRequired: "job.recovery_required",
  Succeeded: "job.completed",
  PartiallySucceeded: "job.completed_with_warnings",
  Failed: "job.failed",
  Cancelled: "job.cancelled",
};

/**
 * The one event of a pass that every endpoint can count on: that of its phase transition. That what rested is stopped
 * starts nothing, and is told by its end; so is what runs only to end, since nothing of it has run before.
 */
export function transitionOf(job: MediaJob, status: MediaJobStatus): Happening | undefined {
  const [from, to] = [job.status?.phase, status.phase];
  if (!to || from === to) return undefined;
  const rested = from === "Suspended" || from === "RecoveryRequired";
  const goesOn = rested && (to === "Running" || to === "Queued" || to === "Planning");
  const onlyEnds = to === "Running" && isEnding(status);
  const type = goesOn ? wentOn(status) && "job.resumed" : !onlyEnds && EVENT_OF_PHASE[to];
  return type ? { type, message: (readyMessage(status) ?? "").slice(0, 1024) } : undefined;
}

const isEnding = ({ history = [] }: MediaJobStatus): boolean =>
  (ENDING_REASONS as readonly string[]).includes(history.at(-1)?.reason ?? "");

/**
 * What happened in this pass besides: outputs made, units failed or to be tried again, progress. Each is seen in
 * one pass only, because the status written with its event knows it from then on.
 */
export function detailsOf(
  job: MediaJob,
  status: MediaJobStatus,
  units: readonly FoldedUnit[],
  newFailures: readonly FailedAttempt[],
): Happening[] {
  return [
    ...units.flatMap((folded) => (folded.fresh ? endOf(folded) : [])),
    ...units.flatMap((folded) => retryOf(folded, newFailures)),
    ...progressOf(job.status, status),
  ];
}

/** In the order of cause: the end of a MediaJob comes after all that led to it, its start before. */
export const inOrder = (
  transition: Happening | undefined,
  details: readonly Happening[],
  { phase }: MediaJobStatus,
): Happening[] => {
  if (!transition) return [...details];
  return isTerminal(phase) ? [...details, transition] : [transition, ...details];
};

/** Whether an endpoint is to be told. Progress is when it passed a multiple of the endpoint's own step. */
export function tells(endpoint: Endpoint, { type, progress, fromPercent = 0 }: Happening): boolean {
  if (!isWanted(endpoint, type)) return false;
  if (!progress) return true;
  const { progressStep = PROGRESS_STEP } = endpoint;
  return Math.floor(progress.percent / progressStep) > Math.floor(fromPercent / progressStep);
}

function endOf({ unit, state }: FoldedUnit): Happening[] {
  if (state.state !== "Ended") return [];
  const made = (state.result?.outputs ?? []).filter(({ phase, reused }) => phase === "Succeeded" || reused);
  const failed = state.letter === UNIT_LETTERS.failed || state.letter === UNIT_LETTERS.partial;
  const failure = state.failure ?? state.result?.failures[0];
  const attempt = state.attempt > 0 ? { attempt: state.attempt } : {};
  return [
    ...(made.length
      ? [
          {
            type: "output.ready" as const,
            unit: { name: unit.name, ...attempt },
            outputs: firstOf(made),
            outputCount: made.length,
          },
        ]
      : []),
    ...(failed
      ? [
          {
            type: "unit.failed" as const,
            unit: {
              name: unit.name,
              ...attempt,
              ...(failure && { class: failure.class, reason: failure.reason }),
            },
            ...(failure && { message: failure.message.slice(0, MAX_MESSAGE) }),
          },
        ]
      : []),
  ];
}

function retryOf({ unit, state }: FoldedUnit, newFailures: readonly FailedAttempt[]): Happening[] {
  if (state.state !== "Waiting" && state.state !== "Running") return [];
  const failed = newFailures.findLast((failure) => failure.unit === unit.name);
  if (!failed) return [];
  const { attempt, class: failureClass, reason, message } = failed;
  const due = state.state === "Waiting" && state.notBeforeMs > 0 ? new Date(state.notBeforeMs) : undefined;
  return [
    {
      type: "unit.retrying",
      unit: {
        name: unit.name,
        attempt,
        class: failureClass,
        reason,
        ...(due && { retryTime: due.toISOString() }),
      },
      message,
    },
  ];
}

/** The last percent is told of by job.completed. */
function progressOf(before: MediaJobStatus | undefined, { progress }: MediaJobStatus): Happening[] {
  const fromPercent = before?.progress?.percent ?? 0;
  if (!progress || progress.percent >= 100 || progress.percent <= fromPercent) return [];
  const { percent, stage, etaSeconds } = progress;
  return [
    {
      type: "job.progress",
      fromPercent,
      progress: {
        percent,
        ...(stage !== undefined && { stage }),
        ...(etaSeconds !== undefined && { etaSeconds }),
      },
    },
  ];
}

/** The first outputs, as many as an event may carry. */
function firstOf(outputs: readonly OutputStatus[]): OutputStatus[] {
  const first = outputs.slice(0, MAX_OUTPUTS);
  while (JSON.stringify(first).length > MAX_OUTPUT_BYTES) first.pop();
  return first;
}
