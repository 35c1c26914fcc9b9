import type { FailureClass } from "../../../crds/failures.ts";
import type { MediaJobSpec } from "../../../crds/media-job.ts";

type Priority = MediaJobSpec["priority"];

/** Retries of one class and priority at once: the more urgent, the more. The configuration may say else. */
export const RETRIES_AT_ONCE: Readonly<Record<Priority, number>> = { Urgent: 10, High: 7, Normal: 5, Low: 2 };

/**
 * The share of them while the operator's places are taken up to a share (all below 70 %, the
 * network's only below 85 %, none above). One is always left: where few places are taken by many for long, a retry
 * that waits for an empty cluster would starve.
 */
const SHARES = [
  { upTo: 0.7, share: 1, ofNetwork: 1 },
  { upTo: 0.85, share: 0.5, ofNetwork: 1 },
  { upTo: Number.POSITIVE_INFINITY, share: 0, ofNetwork: 0 },
] as const;

/**
 * Classes whose retries are held back: those with a cause outside of the work, which hits much of it at once. More
 * memory, another device and another node are no second try at the same thing, and go at once.
 */
export const GATED_CLASSES: readonly FailureClass[] = ["network", "storage", "disk", "deadline", "internal"];

/** How many retries of a class may run at once. @param load share of the operator's places that are taken */
export function retriesAllowed(
  failureClass: FailureClass,
  { most, load }: { most: number; load: number },
): number {
  const { share, ofNetwork } = SHARES.find(({ upTo }) => load <= upTo) ?? SHARES[0];
  return Math.max(1, Math.floor(most * (failureClass === "network" ? ofNetwork : share)));
}

/** What retries are counted by. */
export const gateOf = (failureClass: FailureClass, priority: Priority): string =>
  `${failureClass}/${priority}`;

/** The MediaJobs that wait for their turn to retry, first come, first served. */
export class RetryLine {
  /** By MediaJob. */
  readonly #gates = new Map<string, string>();

  /** Keeps the place of one that waits for the same gate already. */
  wait(key: string, gate: string): void {
    if (this.#gates.get(key) === gate) return;
    this.#gates.delete(key);
    this.#gates.set(key, gate);
  }

  leave(key: string): void {
    this.#gates.delete(key);
  }

  /** Whose turn it is at a gate; undefined when nobody waits there. */
  first(gate: string): string | undefined {
    for (const [key, own] of this.#gates) if (own === gate) return key;
    return undefined;
  }
}
