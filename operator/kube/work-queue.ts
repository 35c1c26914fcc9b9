/**
 * Says which key is worked on when. Owns order, concurrency, delays and retries, as client-go's work queue does; never
 * knows what a key means. A key is worked on by one at a time; asked for meanwhile, it comes once more afterwards, so
 * no change is missed and none is worked on twice at once.
 *
 * A key is in at most one of these states, and may besides have a timer that will add it:
 *   waiting  - until one of `concurrency` is free, first come, first served
 *   active   - in `process`
 *   dirty    - active, and added meanwhile: waits again as soon as it is done
 * Once it is worked on, the timer of before counts no more.
 */
import { retryDelayMs } from "./api/backoff.ts";
import type { Clock } from "./clock.ts";

export interface Requeue {
  /** When to look at the key again without being asked; null: only when asked. */
  readonly afterMs: number | null;
}

export interface WorkQueueOptions {
  /** Throws to be called again after a backoff, which grows with each failure of this key until a success. */
  readonly process: (key: string, signal: AbortSignal) => Promise<Requeue>;
  /** Keys worked on at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told after each call of `process`; for metrics and logs. */
  readonly onProcessed?: (processed: Processed) => void;
  /** Delay after a key's first failure. Default 250 ms. */
  readonly retryBaseMs?: number;
  /** Default 60 s. */
  readonly retryCapMs?: number;
}

export interface Processed {
  readonly key: string;
  readonly waitMs: number;
  readonly runMs: number;
  /** Null when it went well. */
  readonly error: { readonly cause: unknown; readonly failures: number; readonly retryInMs: number } | null;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** Waiting keys, in order, and since when. */
  readonly #waiting = new Map<string, number>();
  readonly #active = new Set<string>();
  readonly #dirty = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  readonly #abort = new AbortController();
  #started = false;
  #draining: PromiseWithResolvers<void> | null = null;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Begins to work. Before it keys only gather, so that none is worked on until all caches have synced. */
  start(): void {
    this.#started = true;
    this.#startNext();
  }

  /** Keys that could be worked on now. */
  get depth(): number {
    return this.#waiting.size + this.#dirty.size;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  get delayedCount(): number {
    return this.#delayed.size;
  }

  /** Asks for the key to be worked on as soon as may be, also if it is in a backoff. */
  add(key: string): void {
    if (this.#draining || this.#waiting.has(key) || this.#dirty.has(key)) return;
    const now = this.#options.clock.now();
    if (this.#active.has(key)) {
      this.#dirty.set(key, now);
    } else {
      this.#waiting.set(key, now);
      this.#startNext();
    }
  }

  /** Adds the key after the delay. Of several delays of one key the one that ends first counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#draining) return;
    const { clock } = this.#options;
    const at = clock.now() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier && earlier.at <= at) return;
    earlier?.cancel();
    const cancel = clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }

  /**
   * Takes nothing more, forgets what waits and lets what is active end; after `timeoutMs` aborts the signal that
   * `process` was given. Resolves once all has ended, or at the timeout: with whether all had ended by themselves.
   */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#draining ??= Promise.withResolvers<void>();
    for (const { cancel } of this.#delayed.values()) cancel();
    for (const keys of [this.#delayed, this.#waiting, this.#dirty]) keys.clear();
    if (this.#active.size === 0) return true;
    const timedOut = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(timeoutMs, () => {
      this.#abort.abort(new Error(`the work queue is being drained and ${timeoutMs} ms are over`));
      timedOut.resolve();
    });
    await Promise.race([this.#draining.promise, timedOut.promise]);
    cancel();
    return !this.#abort.signal.aborted;
  }

  /** Of a queue that was drained: resolves once all that was active has ended, also what the drain did not wait for. */
  async ended(): Promise<void> {
    if (this.#active.size > 0) await this.#draining?.promise;
  }

  #startNext(): void {
    if (!this.#started) return;
    for (const [key, since] of this.#waiting) {
      if (this.#active.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#active.add(key);
      void this.#work(key, since);
    }
  }

  async #work(key: string, since: number): Promise<void> {
    const { process, clock, onProcessed } = this.#options;
    await null; // the handler that added the key may be in the middle of a list: let it end first
    this.#delayed.get(key)?.cancel(); // whatever it was to look at later it looks at now, and says when to come again
    this.#delayed.delete(key);
    const startedAt = clock.now();
    let error: Processed["error"] = null;
    try {
      const { afterMs } = await process(key, this.#abort.signal);
      this.#failures.delete(key);
      if (afterMs !== null) this.addAfter(key, afterMs);
    } catch (cause) {
      error = this.#retryLater(key, cause);
    }
    const processed = { key, waitMs: startedAt - since, runMs: clock.now() - startedAt, error };
    this.#finish(key);
    onProcessed?.(processed);
  }

  #retryLater(key: string, cause: unknown): Processed["error"] {
    const { random, retryBaseMs = 250, retryCapMs = 60_000 } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const retryInMs = retryDelayMs({
      failures,
      error: cause,
      random,
      baseMs: retryBaseMs,
      capMs: retryCapMs,
    });
    this.addAfter(key, retryInMs);
    return { cause, failures, retryInMs };
  }

  #finish(key: string): void {
    this.#active.delete(key);
    const dirtySince = this.#dirty.get(key);
    if (dirtySince !== undefined) {
      this.#dirty.delete(key);
      this.#waiting.set(key, dirtySince);
    }
    if (this.#draining && this.#active.size === 0) this.#draining.resolve();
    this.#startNext();
  }
}
