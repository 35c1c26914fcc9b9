/** That the API server refused to make the Job of an attempt: a quota of Jobs, an admission policy, a missing right. */
export interface Rejection {
  attempt: number;
  /** The server's own words. */
  message: string;
  /** Of the first time. */
  sinceMs: number;
  /** Of the last time: whoever has not asked since, for want of room, was not refused since. */
  lastMs: number;
  /** When it is asked for again. */
  untilMs: number;
  times: number;
}

/** Between two tries, twice as long each time. Nobody tells when a quota has room again. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;

/** The refusals of each MediaJob, by unit. In memory: another operator finds out by asking. */
export class Rejections {
  readonly #byUid = new Map<string, Map<string, Rejection>>();

  of(uid: string): ReadonlyMap<string, Rejection> {
    return this.#byUid.get(uid) ?? new Map();
  }

  /**
   * @param spread from 0 to 1, so that not all who were refused together ask again together
   * @param knownSinceMs since when the status has told of a refusal, when an earlier operator met it
   */
  note(
    uid: string,
    { unit, attempt, message }: { unit: string; attempt: number; message: string },
    { nowMs, spread, knownSinceMs = nowMs }: { nowMs: number; spread: number; knownSinceMs?: number },
  ): void {
    const units = this.#byUid.get(uid) ?? new Map<string, Rejection>();
    this.#byUid.set(uid, units);
    const before = units.get(unit);
    const again = before?.attempt === attempt ? before : undefined;
    const times = (again?.times ?? 0) + 1;
    // Whole, as times are: what is left below one would be waited for again and again.
    const waitMs = Math.ceil(
      Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (times - 1)) * (0.75 + spread / 2),
    );
    const sinceMs = again?.sinceMs ?? (units.size === 0 ? Math.min(knownSinceMs, nowMs) : nowMs);
    units.set(unit, { attempt, message, times, sinceMs, lastMs: nowMs, untilMs: nowMs + waitMs });
  }

  /** The Job of that unit is there. */
  accepted(uid: string, unit: string): void {
    const units = this.#byUid.get(uid);
    units?.delete(unit);
    if (units?.size === 0) this.#byUid.delete(uid);
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }
}
