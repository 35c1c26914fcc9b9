/** Whoever is remembered beyond this many is forgotten, the one that came first before all. */
const MAX_KEYS = 10_000;

/** What one caller pays for what may cost others: taken beforehand, and given back when it was well spent. */
export interface Toll {
  /** False when they have no more to pay with. */
  take(): boolean;
  giveBack(): void;
}

/** So many per second and key on average; `burst` at once. What is over costs nothing but the answer. */
export class RateBound {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor({ perSecond, burst, nowMs }: { perSecond: number; burst: number; nowMs: () => number }) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#nowMs = nowMs;
  }

  /** Takes one; false when none is left. */
  take(key: string): boolean {
    const tokens = this.#left(key);
    const taken = tokens >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, atMs: this.#nowMs() });
    if (this.#buckets.size > MAX_KEYS) this.#forgetOldest();
    return taken;
  }

  toll(key: string): Toll {
    return { take: () => this.take(key), giveBack: () => this.#giveBack(key) };
  }

  /** Only where it must: a map passes all that was deleted of late to come to its first key. */
  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }

  #giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket) bucket.tokens = Math.min(this.#burst, bucket.tokens + 1);
  }

  #left(key: string): number {
    const bucket = this.#buckets.get(key);
    if (!bucket) return this.#burst;
    const gained = ((this.#nowMs() - bucket.atMs) / 1000) * this.#perSecond;
    return Math.min(this.#burst, bucket.tokens + gained);
  }
}
