import type { Toll } from "./rate-bound.ts";

/** Questions at once. Each takes some milliseconds, so that is hundreds of callers a second. */
export const REVIEWS_AT_ONCE = 8;

/** As many as may follow MediaJobs at once, and come back at once when a replica ends. */
const MAX_WAITING = 1_000;

/** The API server was not asked: too many wait, or the caller has asked for nothing too often. */
export const NOT_ASKED = "notAsked";

/**
 * The questions about callers that the API server is asked: few at once, so that a flood of strangers does not become one
 * of questions, and leaves it to the leader. Who asks pays beforehand, when their turn has come, and gets it back for an
 * answer that lets them in: those that ask at once cannot all pass on one that is left.
 */
export class ReviewTurns {
  #free = REVIEWS_AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  /** @throws what the question throws; then nothing was paid */
  async ask<Answer>(
    toll: Toll,
    question: () => Promise<Answer>,
    letsIn: (answer: Answer) => boolean,
  ): Promise<Answer | typeof NOT_ASKED> {
    if (this.#waiting.length >= MAX_WAITING) return NOT_ASKED;
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      return toll.take() ? await charged(toll, question, letsIn) : NOT_ASKED;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

async function charged<Answer>(
  toll: Toll,
  question: () => Promise<Answer>,
  letsIn: (answer: Answer) => boolean,
): Promise<Answer> {
  let isFine = true;
  try {
    const answer = await question();
    isFine = letsIn(answer);
    return answer;
  } finally {
    if (isFine) toll.giveBack();
  }
}
