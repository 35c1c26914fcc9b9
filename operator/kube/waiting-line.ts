import type { MediaJobSpec } from "../../crds/media-job.ts";
import type { ObjectKey } from "./kube-object.ts";

/** Seeds 004 "Queue Operations and Priority". */
const RANK: Record<MediaJobSpec["priority"], number> = { Low: 1, Normal: 5, High: 10, Urgent: 20 };

interface Waiting {
  key: ObjectKey;
  pools: readonly string[];
  priority: MediaJobSpec["priority"];
  /** RFC 3339; compares as text. */
  created: string;
}

/** The MediaJobs that could start a unit had a pool room for it: by priority, then first come, first served. */
export class WaitingLine {
  readonly #waiting = new Map<ObjectKey, Waiting>();

  /** Takes a MediaJob's place in the line; leaves the line when it waits for no pool. */
  set(waiting: Waiting): void {
    if (waiting.pools.length) this.#waiting.set(waiting.key, waiting);
    else this.#waiting.delete(waiting.key);
  }

  remove(key: ObjectKey): void {
    this.#waiting.delete(key);
  }

  /** The MediaJob whose turn it is in a pool; undefined when none waits for it. */
  first(pool: string): ObjectKey | undefined {
    let best: Waiting | undefined;
    for (const candidate of this.#waiting.values()) {
      if (candidate.pools.includes(pool) && (!best || isBefore(candidate, best))) best = candidate;
    }
    return best?.key;
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  const rank = RANK[b.priority] - RANK[a.priority];
  return rank < 0 || (rank === 0 && (a.created < b.created || (a.created === b.created && a.key < b.key)));
}
