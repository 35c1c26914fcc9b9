/** A clock that moves only when a test says so. */
import type { Clock } from "../clock.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #now = 0;
  #timers: Timer[] = [];
  #waiting: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#now);
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    for (const wake of this.#waiting.splice(0)) wake();
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass, and fires what is due on the way, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers = this.#timers.filter((other) => other !== next);
      next.callback();
    }
    this.#now = end;
  }

  /** Waits until somebody waits for the clock, lets that much time pass, and says how much it was. */
  async passNextWait(): Promise<number> {
    while (this.#timers.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const waitMs = (this.#next()?.at ?? this.#now) - this.#now;
    this.advance(waitMs);
    return waitMs;
  }

  #next(): Timer | undefined {
    return this.#timers.toSorted((a, b) => a.at - b.at)[0];
  }
}
