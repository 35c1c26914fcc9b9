/** What keeps a MediaJob's units from starting although there is room. */
export interface Pause {
  /** One CamelCase word, for `status.queue.reason`. */
  reason: string;
  message: string;
  /** Attempts that may start all the same: one to probe whether the way is free, or none. */
  starts: 0 | 1;
  /** What finalizes starts all the same. */
  sparesFinalize?: true;
  /** When to look again; null when something else will tell. */
  untilMs: number | null;
}
