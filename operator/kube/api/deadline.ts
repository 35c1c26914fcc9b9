/** A time limit that is also an AbortSignal. Owns one timer and one listener, and leaves neither behind. */
export interface Deadline {
  /** Aborts when the time is up, with the given reason, or when the parent does, with the parent's. */
  readonly signal: AbortSignal;
  /** Starts the time anew: for limits on silence. */
  restart(): void;
  /** To be called once the work is over. */
  clear(): void;
}

/**
 * Not AbortSignal.timeout with AbortSignal.any: these cannot be taken back, so that each request would leave a timer
 * and a follower on a signal that lives as long as the operator.
 */
export function deadline(limitMs: number, expired: () => Error, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(expired()), limitMs);
  const follow = () => controller.abort(parent?.reason);
  if (parent?.aborted) follow();
  parent?.addEventListener("abort", follow);
  return {
    signal: controller.signal,
    restart: () => {
      timer.refresh();
    },
    clear: () => {
      clearTimeout(timer);
      parent?.removeEventListener("abort", follow);
    },
  };
}
