import { Circuit } from "./circuit.ts";

export interface HostLimits {
  /** Requests in flight at once. */
  concurrency: number;
  /** Requests begun in a second, over any longer time; a second's worth may begin at once. */
  ratePerSecond: number;
}

/** How a request went, for the host as a whole. */
export interface HostAnswer {
  /** False when the host failed: no answer, or one that it cannot work. Unset when nothing was sent. */
  alive?: boolean;
  /** How long the host asked to be left alone. */
  pauseMs?: number;
}

export interface Timing {
  /** Milliseconds that only go forward. */
  nowMs(): number;
  /** Resolves to false when nothing more is to be sent. */
  sleep(ms: number): Promise<boolean>;
}

/**
 * The gate before one host: lets so many requests through at once and in a second, none while the circuit is open or
 * the host asked for patience, and one at a time to probe. Those that wait are let through in turn; they hold up
 * nobody who wants to reach another host.
 */
export class HostGate {
  readonly #limits: () => HostLimits;
  readonly #timing: Timing;
  readonly #circuit = new Circuit();
  readonly #waiting: ((through: boolean) => void)[] = [];
  #inFlight = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  /** When the next request may begin if they came evenly. */
  #evenMs = Number.NEGATIVE_INFINITY;
  #sleeping = false;

  constructor(limits: () => HostLimits, timing: Timing) {
    this.#limits = limits;
    this.#timing = timing;
  }

  get isOpen(): boolean {
    return this.#circuit.isOpen;
  }

  /** True when forgetting it changes nothing. */
  get isIdle(): boolean {
    const nowMs = this.#timing.nowMs();
    const paused = this.#pausedUntilMs > nowMs;
    return this.#inFlight === 0 && this.#waiting.length === 0 && this.#circuit.isFresh(nowMs) && !paused;
  }

  /**
   * Waits for its turn; false when it never comes, because nothing more is to be sent, or `left` has resolved before.
   * After true `answered` must follow.
   */
  turn(left?: Promise<unknown>): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push(resolve);
    this.#letThrough();
    void left?.then(() => {
      const place = this.#waiting.indexOf(resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      resolve(false); // nothing to one that was let through
    });
    return promise;
  }

  answered({ alive, pauseMs = 0 }: HostAnswer): void {
    const nowMs = this.#timing.nowMs();
    this.#inFlight--;
    if (alive) this.#circuit.succeeded();
    else if (alive === false) this.#circuit.failed(nowMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + pauseMs);
    this.#letThrough();
  }

  #letThrough(): void {
    const { concurrency, ratePerSecond } = this.#limits();
    while (this.#waiting.length && !this.#sleeping) {
      if (this.#inFlight >= (this.#circuit.isOpen ? 1 : concurrency)) return; // an answer lets the next one through
      const nowMs = this.#timing.nowMs();
      const waitMs = Math.max(
        this.#circuit.waitMs(nowMs),
        this.#pausedUntilMs - nowMs,
        this.#evenMs - 1000 - nowMs,
      );
      if (waitMs > 0) {
        void this.#wakeAfter(waitMs);
        return;
      }
      this.#evenMs = Math.max(this.#evenMs, nowMs) + 1000 / ratePerSecond;
      this.#inFlight++;
      this.#waiting.shift()?.(true);
    }
  }

  async #wakeAfter(ms: number): Promise<void> {
    this.#sleeping = true;
    const alive = await this.#timing.sleep(Math.ceil(ms));
    this.#sleeping = false;
    if (alive) this.#letThrough();
    else for (const resolve of this.#waiting.splice(0)) resolve(false);
  }
}

/** The gates of all hosts that were lately sent to. */
export class HostGates {
  readonly #gates = new Map<string, HostGate>();
  readonly #limits: () => HostLimits;
  readonly #timing: Timing;

  constructor(limits: () => HostLimits, timing: Timing) {
    this.#limits = limits;
    this.#timing = timing;
  }

  /**
   * Goes through the gate of a URL's host, sends, and tells the gate of the answer; undefined when there was no turn,
   * also since `left` resolved before it came.
   */
  async through<Answer>(
    url: string,
    send: () => Promise<{ answer: Answer; host: HostAnswer }>,
    left?: Promise<unknown>,
  ): Promise<Answer | undefined> {
    const host = URL.canParse(url) ? new URL(url).host : url;
    const gate = this.#gates.get(host) ?? new HostGate(this.#limits, this.#timing);
    this.#gates.set(host, gate);
    if (!(await gate.turn(left))) return undefined;
    let result: HostAnswer = {};
    try {
      const { answer, host: answered } = await send();
      result = answered;
      return answer;
    } finally {
      gate.answered(result);
      if (gate.isIdle) this.#gates.delete(host);
      else if (result.alive === false) this.#forgetIdle();
    }
  }

  #forgetIdle(): void {
    for (const [host, gate] of this.#gates) if (gate.isIdle) this.#gates.delete(host);
  }

  /** Hosts whose circuit is open. */
  get open(): number {
    this.#forgetIdle();
    return [...this.#gates.values()].filter((gate) => gate.isOpen).length;
  }

  /** Hosts that something is known of. */
  get size(): number {
    return this.#gates.size;
  }
}
