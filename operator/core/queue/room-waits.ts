/**
 * Since when MediaJobs have waited for room in pools. Kept in memory: after a restart of the operator a wait begins
 * anew, which costs a unit that would rather have an accelerator one more deadline.
 */
export class RoomWaits {
  readonly #since = new Map<string, ReadonlyMap<string, number>>();

  /** Takes in for which pools a MediaJob waits now. */
  set(key: string, pools: Iterable<string>, nowMs: number): void {
    const before = this.#since.get(key);
    const since = new Map([...pools].map((pool) => [pool, before?.get(pool) ?? nowMs] as const));
    if (since.size) this.#since.set(key, since);
    else this.#since.delete(key);
  }

  /** By pool, in ms since 1970. */
  of(key: string): ReadonlyMap<string, number> | undefined {
    return this.#since.get(key);
  }

  forget(key: string): void {
    this.#since.delete(key);
  }
}
