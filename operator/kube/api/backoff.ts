/** How long to wait before trying again. Pure: nothing here waits. */
import { ApiError } from "./api-error.ts";

export interface Backoff {
  /** Delay after the first failure; it doubles with each further one. */
  readonly baseMs: number;
  readonly capMs: number;
}

/** A server that asks for more than this is wrong, and the operator would look dead meanwhile. */
const LONGEST_RETRY_AFTER_MS = 300_000;

export interface FailedTry extends Backoff {
  /** Failures in a row, the one at hand included. */
  readonly failures: number;
  readonly error: unknown;
  readonly random: () => number;
}

/**
 * `baseMs * 2^(failures-1)`, at most `capMs`, of which a random half is left off, lest those who failed together
 * come back together. Never earlier than the Retry-After of the API server.
 */
export function retryDelayMs({ failures, error, random, baseMs, capMs }: FailedTry): number {
  const full = Math.min(capMs, baseMs * 2 ** (failures - 1));
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(full * (0.5 + random() / 2), Math.min(asked, LONGEST_RETRY_AFTER_MS));
}
