/** Time, as an argument: whoever waits or measures in operator/kube is given a clock, so that tests set the time. */
export interface Clock {
  /** Milliseconds that only ever go forward, from any origin: for intervals. The wall clock may jump. */
  now(): number;
  /** The wall clock: only for timestamps that others read. */
  date(): Date;
  /** Runs `callback` once, `delayMs` from now, unless the function it gives back is called before. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Node fires a longer timer at once. 24.8 days; whoever is woken early by it looks at the state and waits again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** Resolves after the delay, or at once when the signal aborts: the caller looks at the signal afterwards. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener("abort", end);
  });
}
