import type { Waiting } from "./waiting-line.ts";

/** For how long a pool keeps its room at most; by then whatever was there has ended, but for the longest of units. */
const KEPT_MS = 600_000;

/** For how long it keeps none afterwards: what takes the room may be somebody else's, and never end. */
const RESTS_MS = 600_000;

/** A MediaJob, and where it stands; see `standingMs`. */
type Standing = Pick<Waiting, "key" | "standing">;

/**
 * Pools that keep their room for a unit which has found none on their nodes, time and again: whatever becomes free is
 * enough for smaller ones, which would take it for ever. Meanwhile nothing starts there that stands behind its MediaJob.
 * At most half of the time, so that a unit which never finds room holds nobody up for long.
 */
export class KeptRoom {
  readonly #kept = new Map<string, Standing & { untilMs: number }>();

  /** Takes in in which pools a MediaJob has such units now. */
  set(self: Standing, pools: ReadonlySet<string>, nowMs: number): void {
    this.#end(self.key, (pool) => !pools.has(pool), nowMs);
    for (const pool of pools) {
      const last = this.#kept.get(pool);
      if (!last || last.untilMs + RESTS_MS <= nowMs)
        this.#kept.set(pool, { ...self, untilMs: nowMs + KEPT_MS });
    }
  }

  /** A MediaJob goes, or is gone. */
  leave(key: string, nowMs: number): void {
    this.#end(key, () => true, nowMs);
  }

  #end(key: string, where: (pool: string) => boolean, nowMs: number): void {
    for (const [pool, kept] of this.#kept)
      if (kept.key === key && where(pool)) kept.untilMs = Math.min(kept.untilMs, nowMs);
  }

  /** The pools that keep their room from a MediaJob now, and for which: its own other units may not take it, either. */
  from({ key, standing }: Standing, nowMs: number): Map<string, string> {
    const isBefore = (kept: Standing) =>
      standing < kept.standing || (standing === kept.standing && key < kept.key);
    const kept = [...this.#kept].filter(([, kept]) => kept.untilMs > nowMs && !isBefore(kept));
    return new Map(kept.map(([pool, { key }]) => [pool, key]));
  }
}
