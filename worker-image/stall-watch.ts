/** What is read of an attempt to see whether it moves. */
export interface Signs {
  /** Share of the unit that is done. */
  fraction: number;
  /** Processor time so far, of the worker and its children. */
  cpuSeconds: number;
}

/** Processor time in a look's interval that shows work; waking up for a timer takes less. */
const WORK_CPU_SECONDS = 0.5;

const LOOK_MS = 10_000;

/**
 * Notices that an attempt stands still: for so long no progress and no use of a processor, as when a volume
 * hangs. Only the worker can tell that from slow work, so it ends itself.
 *
 * @param now milliseconds that only go forward
 */
export class StallWatch {
  readonly #stallMs: number;
  #last: Signs;
  #movedAt: number;

  constructor(stallMs: number, signs: Signs, now: number) {
    this.#stallMs = stallMs;
    this.#last = signs;
    this.#movedAt = now;
  }

  /** Takes a look. For how long nothing has moved, in ms, once that is too long; undefined before. */
  look(signs: Signs, now: number): number | undefined {
    const moved =
      signs.fraction > this.#last.fraction || signs.cpuSeconds - this.#last.cpuSeconds >= WORK_CPU_SECONDS;
    if (moved) {
      this.#movedAt = now;
      this.#last = signs;
    }
    const stillMs = now - this.#movedAt;
    return stillMs >= this.#stallMs ? stillMs : undefined;
  }
}

/** Looks from time to time, and calls `onStall` once. Returns what ends it. */
export function watchForStall(
  stallMs: number,
  { signs, onStall }: { signs: () => Signs; onStall: (stillMs: number) => void },
): () => void {
  const watch = new StallWatch(stallMs, signs(), performance.now());
  const timer = setInterval(() => {
    const stillMs = watch.look(signs(), performance.now());
    if (stillMs === undefined) return;
    clearInterval(timer);
    onStall(stillMs);
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}
