import type { WebhookEvent } from "../../crds/media-job.ts";

/** When an event is tried again. */
export interface RetryRule {
  /** After the n-th failed try, from 1, how long to wait. One try more than there are delays. */
  delaysSeconds: readonly number[];
  /** An event is given up this long after its first try, whatever tries it has left: a host may be down all the while. */
  withinSeconds: number;
}

const [SECONDS, MINUTES] = [
  [1, 2, 4, 8, 16],
  [60, 120, 240, 480, 960],
];

/**
 * How events are retried. Seconds come first, so that a receiver that restarts hears soon; minutes follow, as far as
 * the time goes: what ends something is worth an hour, what starts something is overtaken by then and gets a quarter
 * of one, and of progress the next event tells more than a third try would.
 */
const END: RetryRule = { delaysSeconds: [...SECONDS, ...MINUTES, 1200], withinSeconds: 3600 };
const STEP: RetryRule = { delaysSeconds: [...SECONDS, ...MINUTES.slice(0, 3), 360], withinSeconds: 900 };
const PROGRESS: RetryRule = { delaysSeconds: [10], withinSeconds: 300 };

export const RETRY_TABLE: Record<WebhookEvent, RetryRule> = {
  "job.completed": END,
  "job.completed_with_warnings": END,
  "job.failed": END,
  "job.cancelled": END,
  "job.recovery_required": END,
  "job.queued": STEP,
  "job.started": STEP,
  "job.suspended": STEP,
  "job.resumed": STEP,
  "unit.failed": STEP,
  "unit.retrying": STEP,
  "output.ready": STEP,
  "job.progress": PROGRESS,
};

/** Share by which a delay varies to either side, so that many MediaJobs do not all come back to a receiver at once. */
const JITTER = 0.25;

/** A server that asks for more patience than this is asked again by then. */
export const MAX_RETRY_AFTER_MS = 600_000;

/** The rule of an event; one that a later version wrote into the outbox is tried like a step. */
export const retryRuleOf = (type: string): RetryRule => RETRY_TABLE[type as WebhookEvent] ?? STEP;

/**
 * How long to wait after the n-th failed try, from 1, in ms; undefined when it was the last.
 *
 * @param random 0 to 1
 */
export function retryDelayMs(type: string, tries: number, random: number): number | undefined {
  const seconds = retryRuleOf(type).delaysSeconds[tries - 1];
  return seconds === undefined ? undefined : Math.round(seconds * 1000 * (1 + JITTER * (2 * random - 1)));
}
