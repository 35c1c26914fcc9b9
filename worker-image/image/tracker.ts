import type { EngineContext } from "../engine.ts";

/**
 * What an output has behind it when its source enters a stage. libvips decodes, resizes and encodes in one pass, so
 * these are one stage, and most of the time.
 */
const SHARES = { preparing: 0.05, resizing: 0.15 } as const;

/** Counts outputs: those that have ended, whichever way, and the shares of those under way. */
export class Tracker {
  readonly #report: EngineContext["progress"];
  readonly #total: number;
  readonly #shares = new Map<string, number>();
  #done = 0;
  #stage = "validation";

  constructor(report: EngineContext["progress"], total: number) {
    this.#report = report;
    this.#total = total;
  }

  /** Every output of `source` that has not ended yet is at that stage. */
  enter(source: string, stage: keyof typeof SHARES, outputs: number): void {
    this.#stage = stage;
    this.#shares.set(source, SHARES[stage] * outputs);
    this.#tell();
  }

  /** `outputs` of `source` have been made, kept or given up. */
  ended(source: string, outputs: number): void {
    this.#done = Math.min(this.#total, this.#done + outputs);
    const left = (this.#shares.get(source) ?? 0) - SHARES.resizing * outputs;
    if (left > 1e-9) this.#shares.set(source, left);
    else this.#shares.delete(source);
    this.#tell();
  }

  #tell(): void {
    const underWay = [...this.#shares.values()].reduce((sum, share) => sum + share, 0);
    this.#report(this.#stage, (this.#done + underWay) / this.#total, {
      outputsDone: this.#done,
      outputsTotal: this.#total,
    });
  }
}
