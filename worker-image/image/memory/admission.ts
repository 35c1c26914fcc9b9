/**
 * Keeps the sum of what is decoded at once within the memory of the unit. First come, first served: a large
 * image is not passed by small ones for ever.
 */
export class Admission {
  readonly #budgetBytes: number;
  readonly #inFlightMax: number;
  #usedBytes = 0;
  #inFlight = 0;
  readonly #queue: { bytes: number; start: () => void }[] = [];

  constructor({ budgetBytes, inFlightMax }: { budgetBytes: number; inFlightMax: number }) {
    this.#budgetBytes = budgetBytes;
    this.#inFlightMax = inFlightMax;
  }

  /** Runs `work` when its memory is free. What exceeds the whole budget is the caller's to refuse. */
  async run<Value>(bytes: number, work: () => Promise<Value>): Promise<Value> {
    const needed = Math.min(bytes, this.#budgetBytes);
    await new Promise<void>((start) => {
      this.#queue.push({ bytes: needed, start });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#usedBytes -= needed;
      this.#inFlight -= 1;
      this.#admit();
    }
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#queue;
      if (!next || this.#inFlight >= this.#inFlightMax) return;
      if (this.#usedBytes + next.bytes > this.#budgetBytes) return;
      this.#queue.shift();
      this.#usedBytes += next.bytes;
      this.#inFlight += 1;
      next.start();
    }
  }
}
