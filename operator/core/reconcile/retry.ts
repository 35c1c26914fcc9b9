import { FAILURE_CLASSES, type FailureClass } from "../../../crds/failures.ts";
import type { MediaJobSpec } from "../../../crds/media-job.ts";

/** Exponential backoff: delay = min(cap, base × factor^(n-1)) ± jitter. */
interface Backoff {
  baseSeconds: number;
  capSeconds: number;
  factor: number;
  /** Share of the delay by which it varies to either side. */
  jitter: number;
}

/**
 * Delays by class, by how long such a cause lasts: a lost packet a second, a full disk until somebody makes room. A
 * disruption is nobody's fault and waits for nothing; another device is ready at once when hardware failed.
 */
export const BACKOFF: Record<FailureClass, Backoff> = {
  input: { baseSeconds: 0, capSeconds: 0, factor: 1, jitter: 0 },
  config: { baseSeconds: 0, capSeconds: 0, factor: 1, jitter: 0 },
  network: { baseSeconds: 1, capSeconds: 300, factor: 2, jitter: 0.2 },
  storage: { baseSeconds: 0.5, capSeconds: 60, factor: 1.5, jitter: 0.1 },
  memory: { baseSeconds: 0, capSeconds: 0, factor: 1, jitter: 0 },
  disk: { baseSeconds: 5, capSeconds: 900, factor: 2.5, jitter: 0.3 },
  deadline: { baseSeconds: 5, capSeconds: 900, factor: 2.5, jitter: 0.3 },
  hardware: { baseSeconds: 0, capSeconds: 0, factor: 1, jitter: 0 },
  disruption: { baseSeconds: 0, capSeconds: 0, factor: 1, jitter: 0 },
  internal: { baseSeconds: 3, capSeconds: 180, factor: 2, jitter: 0.15 },
};

/**
 * Delays after no node had a place for a pod, or the chosen one did not take it: until the scheduler knows what the node
 * knows. They grow with each refusal in a row, since it may choose the same node again.
 */
const AFTER_REFUSAL: Backoff = { baseSeconds: 2, capSeconds: 120, factor: 2, jitter: 0.2 };

/** The more urgent the work, the shorter the wait. */
const DELAY_BY_PRIORITY: Record<MediaJobSpec["priority"], number> = {
  Urgent: 0.5,
  High: 0.75,
  Normal: 1,
  Low: 1.5,
};

/**
 * How long to wait before the next attempt, in ms.
 *
 * @param counted failed attempts that count so far, at least 1
 * @param refused how often the cluster has had no place for it now, one time after the other
 * @param spread where in the range of the jitter the delay falls, 0 to 1; the same for the same attempt,
 *   so that every pass over the MediaJob comes to the same time
 */
export function retryDelayMs({
  failureClass,
  counted,
  refused = 0,
  priority,
  spread,
}: {
  failureClass: FailureClass;
  counted: number;
  refused?: number;
  priority: MediaJobSpec["priority"];
  spread: number;
}): number {
  const { baseSeconds, capSeconds, factor, jitter } = refused > 0 ? AFTER_REFUSAL : BACKOFF[failureClass];
  const seconds = Math.min(capSeconds, baseSeconds * factor ** ((refused || counted) - 1));
  return Math.round(seconds * 1000 * (1 + jitter * (2 * spread - 1)) * DELAY_BY_PRIORITY[priority]);
}

/** Whether a unit may be tried again after `counted` attempts that count. */
export const mayRetry = (failureClass: FailureClass, counted: number, maxAttempts: number): boolean =>
  FAILURE_CLASSES[failureClass].retried && counted < maxAttempts;
