import type { MediaJob, MediaJobSpec } from "../../../crds/media-job.ts";
import { isTerminal } from "../../../crds/media-job-status.ts";
import { lastRetryOf } from "../last-retry.ts";

/**
 * By how much a MediaJob is taken to be older than it is. Age and priority are so one number, a time, and
 * nothing starves: after an hour in the line a Low job goes before a Normal one that comes now, after a day
 * before an Urgent one. They aim at: at once, 15 minutes, an hour, best effort.
 */
const HEAD_START_SECONDS: Record<MediaJobSpec["priority"], number> = {
  Urgent: 24 * 3600,
  High: 4 * 3600,
  Normal: 3600,
  Low: 0,
};

/**
 * By how much each running unit of a namespace makes its waiting ones younger: who has much already waits a
 * little longer. A namespace that floods the queue so gets its share and no more, and an Urgent job still
 * goes before its neighbours' Normal ones.
 */
const SHARE_PENALTY_SECONDS = 60;

/**
 * Since when a MediaJob asks for its turn: its creation, or the last time it was retried after its end, which may be just
 * now. One that failed days ago and is retried would else go before whatever is urgent today.
 */
export function askingSinceMs(
  { metadata, status }: Pick<MediaJob, "metadata" | "status">,
  nowMs: number,
): number {
  if (isTerminal(status?.phase)) return nowMs;
  return Date.parse(lastRetryOf(status) ?? metadata.creationTimestamp ?? "");
}

/** The time that orders the line within a namespace, in ms; the earlier, the sooner its turn. */
export const standingMs = (sinceMs: number, priority: MediaJobSpec["priority"]): number =>
  sinceMs - HEAD_START_SECONDS[priority] * 1000;

/** The time that orders the heads of the namespaces' lines. */
export const sharedStandingMs = (standing: number, running: number): number =>
  standing + running * SHARE_PENALTY_SECONDS * 1000;
