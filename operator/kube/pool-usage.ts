import type { Configuration } from "../core/configuration.ts";
import type { ObjectKey } from "./kube-object.ts";

/**
 * Which attempts hold a place in which pool, and so how many more may start. A place is taken before the Job
 * is created, in the same turn as the decision, so that two MediaJobs decided side by side cannot both take
 * the last one; it is given back when the Job has ended, or was not created after all.
 */
export class PoolUsage {
  readonly #poolOf = new Map<ObjectKey, string>();
  readonly #count = new Map<string, number>();
  readonly #configuration: () => Configuration;
  readonly #onFree: (pool: string) => void;

  /** @param onFree called after a place in a pool became free */
  constructor(configuration: () => Configuration, onFree: (pool: string) => void) {
    this.#configuration = configuration;
    this.#onFree = onFree;
  }

  take(job: ObjectKey, pool: string): void {
    if (this.#poolOf.has(job)) return;
    this.#poolOf.set(job, pool);
    this.#count.set(pool, this.running(pool) + 1);
  }

  release(job: ObjectKey): void {
    const pool = this.#poolOf.get(job);
    if (pool === undefined) return;
    this.#poolOf.delete(job);
    this.#count.set(pool, this.running(pool) - 1);
    this.#onFree(pool);
  }

  running(pool: string): number {
    return this.#count.get(pool) ?? 0;
  }

  /** Units that may start in each pool now, by its own cap and the operator's. */
  free(): Map<string, number> {
    const { pools, concurrency } = this.#configuration();
    const left = concurrency - this.#poolOf.size;
    return new Map(
      pools.map((pool) => [pool.name, Math.min(left, pool.concurrency - this.running(pool.name))]),
    );
  }
}
