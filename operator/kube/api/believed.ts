import { createHash } from "node:crypto";
import { NOT_ASKED } from "../../server/review-turns.ts";
import type { Clock } from "../clock.ts";

/** Bound on what strangers can make us remember. */
const MAX_REMEMBERED = 10_000;

/**
 * What the API server said of callers, by what was asked, for as long as it is believed; those who ask at once share one
 * answer. A failure is not remembered, nor that nobody was asked; of too many the oldest are forgotten.
 */
export class Believed<Answer> {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known<Answer>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param believedMs for how long an answer counts, from when it was asked for */
  get(
    key: string,
    ask: () => Promise<Answer | typeof NOT_ASKED>,
    believedMs: (answer: Answer) => number,
  ): Promise<Answer | typeof NOT_ASKED> {
    const known = this.#known.get(key);
    const nowMs = this.#clock.now();
    if (known && nowMs < known.untilMs) return known.answer;
    const fresh: Known<Answer> = { untilMs: Number.POSITIVE_INFINITY, answer: ask() };
    const forget = () => {
      if (this.#known.get(key) === fresh) this.#known.delete(key);
    };
    fresh.answer.then((answer) => {
      if (answer === NOT_ASKED) forget();
      else fresh.untilMs = nowMs + believedMs(answer);
    }, forget);
    this.#known.delete(key); // it comes last, as the youngest
    this.#known.set(key, fresh);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return fresh.answer;
  }
}

interface Known<Answer> {
  /** By the clock that only goes forward; endless while it is being asked for. */
  untilMs: number;
  readonly answer: Promise<Answer | typeof NOT_ASKED>;
}

/** What a token is remembered by: never itself. */
export const hashOf = (token: string): string => createHash("sha256").update(token).digest("base64");
