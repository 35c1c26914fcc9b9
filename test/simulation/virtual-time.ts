/** Far more than a world of a handful of MediaJobs can need; what exceeds it waits for 0 ms again and again. */
const MOST_IN_A_MOMENT = 20_000;

/**
 * The time of a simulated world: a queue of what will happen, in order. It moves from one happening to the next,
 * so that an hour costs what happens in it. Owns the order; two happenings of one moment keep that of their making.
 */
export class VirtualTime {
  #nowMs = 0;
  #made = 0;
  #inThisMoment = 0;
  readonly #heap: Happening[] = [];
  /** Set by whoever wakes code that goes on in promises: then these must settle before time moves on. */
  #awoken = false;

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.at(this.#nowMs + delayMs, callback);
  }

  /** What is asked for the same moment keeps its order, which a difference of two moments, being rounded, does not. */
  at(atMs: number, callback: () => void): () => void {
    const happening: Happening = { atMs: Math.max(this.#nowMs, atMs), order: this.#made++, callback };
    this.#push(happening);
    return () => {
      happening.callback = null;
    };
  }

  /** To be called with every callback into code that awaits. */
  wake(): void {
    this.#awoken = true;
  }

  /** Lets one thing happen after the other, all until `untilMs`, unless it is `over` before. */
  async runUntil(untilMs: number, over: () => boolean): Promise<void> {
    while (!over()) {
      const next = this.#next(untilMs);
      if (!next) return;
      next();
      if (!this.#awoken) continue;
      this.#awoken = false;
      await settled();
    }
  }

  /** What happens next, in its moment; undefined when nothing will until `untilMs`, and it is that late. */
  #next(untilMs: number): (() => void) | undefined {
    for (;;) {
      const next = this.#heap[0];
      if (!next || (next.callback !== null && next.atMs > untilMs)) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return undefined;
      }
      this.#pop();
      if (next.callback === null) continue;
      this.#inThisMoment = next.atMs === this.#nowMs ? this.#inThisMoment + 1 : 0;
      if (this.#inThisMoment > MOST_IN_A_MOMENT)
        throw new Error(`time stands still: ${MOST_IN_A_MOMENT} things happen in the same moment`);
      this.#nowMs = next.atMs;
      return next.callback;
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let index = heap.push(happening) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Happening;
      if (isBefore(above, happening)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = happening;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Happening;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && isBefore(right, heap[child] as Happening)) child++;
      const below = heap[child] as Happening;
      if (isBefore(last, below)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

interface Happening {
  readonly atMs: number;
  readonly order: number;
  /** Null once it was called off. */
  callback: (() => void) | null;
}

const isBefore = (a: Happening, b: Happening): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Node runs no macrotask before the microtasks are done: after this, every promise that can go on has. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
