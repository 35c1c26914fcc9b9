import { sharedStandingMs } from "./standing.ts";

/** A MediaJob that could start units, had its pools room. */
export interface Waiting {
  key: string;
  namespace: string;
  /** See `standingMs`. */
  standing: number;
  /** Units that could start, by pool. */
  wants: ReadonlyMap<string, number>;
}

/** Units of a namespace that run now; infinite for one that may start no more, which nobody waits for. */
export type RunningIn = (namespace: string) => number;

/** Places that are left of each cap that pools share. */
export interface SharedPlaces {
  ofOperator: number;
  /** Of the namespace in question. */
  ofNamespace: number;
}

/**
 * The MediaJobs that wait for room, in the order of their turn: by age and priority within a namespace, and
 * by the share that each namespace has among them. Each pool's line is its own, so a MediaJob that waits for
 * a full pool holds nobody up elsewhere; one that waits for a place which pools share goes before whoever comes later.
 */
export class WaitingLine {
  readonly #entries = new Map<string, Waiting>();
  /** Per namespace, sorted. */
  readonly #lines = new Map<string, Waiting[]>();

  get size(): number {
    return this.#entries.size;
  }

  /** In no order. */
  all(): Waiting[] {
    return [...this.#entries.values()];
  }

  /** Takes or changes a MediaJob's place; without wants it leaves the line. */
  set(waiting: Waiting): void {
    this.remove(waiting.key);
    if (waiting.wants.size === 0) return;
    this.#entries.set(waiting.key, waiting);
    const line = this.#lines.get(waiting.namespace) ?? [];
    line.splice(insertionIndex(line, waiting), 0, waiting);
    this.#lines.set(waiting.namespace, line);
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    const line = this.#lines.get(entry.namespace) ?? [];
    line.splice(insertionIndex(line, entry), 1);
    if (line.length === 0) this.#lines.delete(entry.namespace);
  }

  /** Whose turn it is in a pool; undefined when nobody waits for it. */
  first(pool: string, runningIn: RunningIn): Waiting | undefined {
    let best: { head: Waiting; turn: number } | undefined;
    for (const [namespace, line] of this.#lines) {
      const head = line.find(({ wants }) => wants.has(pool));
      if (!head || runningIn(namespace) === Number.POSITIVE_INFINITY) continue;
      const turn = sharedStandingMs(head.standing, runningIn(namespace));
      if (!best || turn < best.turn || (turn === best.turn && head.key < best.head.key))
        best = { head, turn };
    }
    return best?.head;
  }

  /**
   * How many of `free` places in a pool are left for a MediaJob after those whose turn comes before its own.
   * Counts no further than it must.
   */
  leftFor(candidate: Omit<Waiting, "wants">, pool: string, free: number, runningIn: RunningIn): number {
    let left = free;
    if (left <= 0) return 0;
    for (const { wants } of this.#before(candidate, runningIn)) {
      left -= wants.get(pool) ?? 0;
      if (left <= 0) return 0;
    }
    return left;
  }

  /**
   * How many of the places that all pools share are left for a MediaJob after those whose turn comes before its own,
   * whatever pool they wait for; but who waits for a full one takes none. Counts no further than it must.
   *
   * @param room places that each pool has by its own cap
   */
  leftInAll(
    candidate: Omit<Waiting, "wants">,
    { ofOperator, ofNamespace }: SharedPlaces,
    room: ReadonlyMap<string, number>,
    runningIn: RunningIn,
  ): number {
    const left = () => Math.max(0, Math.min(ofOperator, ofNamespace));
    const open = new Map(room);
    if (left() >= sum(open.values())) return left(); // there is enough for all
    for (const { namespace, wants } of this.#before(candidate, runningIn)) {
      if (left() === 0) return 0;
      for (const [pool, units] of wants) {
        const places = open.get(pool) ?? 0;
        const taken = Math.min(places, units);
        open.set(pool, places - taken);
        ofOperator -= taken;
        if (namespace === candidate.namespace) ofNamespace -= taken;
      }
    }
    return left();
  }

  /** Those whose turn comes before that of a MediaJob, in no order. */
  *#before(candidate: Omit<Waiting, "wants">, runningIn: RunningIn): Generator<Waiting> {
    const turn = sharedStandingMs(candidate.standing, runningIn(candidate.namespace));
    for (const [namespace, line] of this.#lines) {
      const penalty = sharedStandingMs(0, runningIn(namespace));
      for (const entry of line) {
        if (entry.standing + penalty > turn) break;
        const isBehind = entry.standing + penalty === turn && entry.key > candidate.key;
        if (entry.key !== candidate.key && !isBehind) yield entry;
      }
    }
  }

  /** The place in the line, from 1, that a MediaJob has or would have. */
  position(candidate: Omit<Waiting, "wants">, runningIn: RunningIn): number {
    const turn = sharedStandingMs(candidate.standing, runningIn(candidate.namespace));
    let before = 0;
    for (const [namespace, line] of this.#lines) {
      const own = namespace === candidate.namespace;
      const standing = own ? candidate.standing : turn - sharedStandingMs(0, runningIn(namespace));
      before += insertionIndex(line, { ...candidate, standing });
    }
    return before + 1;
  }
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);

/** Where an entry stands, or would stand, in a sorted line. */
function insertionIndex(line: readonly Waiting[], entry: Pick<Waiting, "standing" | "key">): number {
  let [low, high] = [0, line.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = line[middle];
    const isBefore =
      other !== undefined &&
      (other.standing < entry.standing || (other.standing === entry.standing && other.key < entry.key));
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}
