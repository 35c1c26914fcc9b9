import type { ObjectKey } from "./api/kube-object.ts";

/**
 * Progress alone leads to at most one status write of a MediaJob in this time: every other report of a worker, and a
 * little more, so that no minute has more than 30 writes, those that met a conflict included.
 */
const PROGRESS_PERIOD_MS = 2_100;

/** Timers fire up to a millisecond early; a pass that comes too early has to come again. */
const EARLY_MS = 1;

/** When what workers say may be shown: at once after a silence, else a period after the last write. */
export class ProgressPace {
  readonly #shownMs = new Map<ObjectKey, number>();

  /** How long progress alone is to wait; 0 when it may be written now. */
  waitMs(key: ObjectKey, nowMs: number): number {
    const waitMs = (this.#shownMs.get(key) ?? Number.NEGATIVE_INFINITY) + PROGRESS_PERIOD_MS - nowMs;
    return waitMs > 0 ? Math.ceil(waitMs) + EARLY_MS : 0;
  }

  /** A status is being written, with what the workers said so far. */
  shown(key: ObjectKey, nowMs: number): void {
    this.#shownMs.set(key, nowMs);
  }

  forget(key: ObjectKey): void {
    this.#shownMs.delete(key);
  }
}
