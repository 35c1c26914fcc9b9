/**
 * The circuit breaker of one host: 10 failures in 300 s open it for 120 s, then one request every 30 s probes. Ten let
 * a receiver restart unnoticed; two minutes are a deploy, and with the probes a host that is down for an hour costs
 * some 120 requests, however many MediaJobs wait for it.
 *
 *     Closed ──(10 failures in a row within 300 s)──> Open ──(120 s)──> one probe ──success──> Closed
 *                                                      ^                    │
 *                                                      └──(30 s)── failure ─┘
 *
 * In a row, because a host may serve many: one endpoint that always fails is no reason to stop the others.
 *
 * Failures that say nothing any more are forgotten: those of a closed circuit once they are too old, an open one when
 * nobody has probed it for half an hour. Then nobody may send there ever again, and no success would close it; who
 * waits tries within 16 minutes.
 */
const FAILURES = 10;
const WINDOW_MS = 300_000;
const OPEN_MS = 120_000;
const PROBE_PERIOD_MS = 30_000;
const UNASKED_MS = 1_800_000;

export class Circuit {
  #failedAtMs: number[] = [];
  /** Null while closed. */
  #openUntilMs: number | null = null;

  get isOpen(): boolean {
    return this.#openUntilMs !== null;
  }

  /** Nothing is remembered that would be missed. */
  isFresh(nowMs: number): boolean {
    if (this.#openUntilMs !== null) return nowMs >= this.#openUntilMs + UNASKED_MS;
    return this.#failedAtMs.every((atMs) => atMs <= nowMs - WINDOW_MS);
  }

  /** How long nothing may be sent: 0 when something may. */
  waitMs(nowMs: number): number {
    return this.#openUntilMs === null ? 0 : Math.max(0, this.#openUntilMs - nowMs);
  }

  succeeded(): void {
    this.#failedAtMs = [];
    this.#openUntilMs = null;
  }

  failed(nowMs: number): void {
    if (this.#openUntilMs !== null) {
      // An answer to what was sent before the circuit opened says nothing new.
      if (nowMs >= this.#openUntilMs) this.#openUntilMs = nowMs + PROBE_PERIOD_MS;
      return;
    }
    this.#failedAtMs = [...this.#failedAtMs.filter((atMs) => atMs > nowMs - WINDOW_MS), nowMs];
    if (this.#failedAtMs.length >= FAILURES) {
      this.#failedAtMs = [];
      this.#openUntilMs = nowMs + OPEN_MS;
    }
  }
}
