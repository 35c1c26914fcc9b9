/** The only source of chance in a simulation: the same seed gives the same numbers, in any version of Node. */
export class Prng {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#seed = seed;
    const word = hashWords(seed);
    [this.#a, this.#b, this.#c] = [word(), word(), word()];
    for (let n = 0; n < 12; n++) this.next();
  }

  /**
   * A stream of its own, which depends on the seed and the label only: what one part of the world draws never
   * moves what another gets, so that a failure survives when shrinking takes a part away.
   */
  fork(label: string): Prng {
    return new Prng(`${this.#seed}/${label}`);
  }

  /** From 0 to below 1; sfc32 by Chris Doty-Humphrey (PractRand). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  /** From `low` to below `high`. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** From `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Mostly near `low`, now and then near `high`, which is to be above 0. */
  skewed(low: number, high: number): number {
    return low + (high - low) * this.next() ** 3;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error("there is nothing to pick from");
    return item;
  }

  /** One key of the table, each as likely as its number says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries<number>(weights) as [K, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return (entries.at(-1) as [K, number])[0];
  }
}

/** xmur3: as many well-mixed words as one asks for, from a text. */
function hashWords(text: string): () => number {
  let hash = 1779033703 ^ text.length;
  for (let n = 0; n < text.length; n++) {
    hash = Math.imul(hash ^ text.charCodeAt(n), 3432918353);
    hash = (hash << 13) | (hash >>> 19);
  }
  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
    hash ^= hash >>> 16;
    return hash;
  };
}
