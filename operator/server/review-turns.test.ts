import { expect, test } from "vitest";
import { RateBound } from "./rate-bound.ts";
import { NOT_ASKED, REVIEWS_AT_ONCE, ReviewTurns } from "./review-turns.ts";

const WAITING = 1_000;

/** So many ask at once; nobody is answered until `answer` is called. */
function crowd(size: number, { burst = size }: { burst?: number } = {}) {
  const turns = new ReviewTurns();
  const bound = new RateBound({ perSecond: 1, burst, nowMs: () => 0 });
  const open: (() => void)[] = [];
  let most = 0;
  const question = () =>
    new Promise<string>((resolve) => {
      open.push(() => resolve("in"));
      most = Math.max(most, open.length);
    });
  const answers = Array.from({ length: size }, () =>
    turns.ask(bound.toll("a"), question, (answer) => answer === "in"),
  );
  const answer = async () => {
    for (let next = open.shift(); next; next = open.shift()) {
      next();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return Map.groupBy(await Promise.all(answers), (each) => each);
  };
  return { answer, most: () => most };
}

test("few questions are asked at once, and all in the end", async () => {
  const { answer, most } = crowd(100);
  expect((await answer()).get("in")).toHaveLength(100);
  expect(most()).toBe(REVIEWS_AT_ONCE);
});

test("who is let in gets back what they paid, so that any number may come from one address", async () => {
  const { answer } = crowd(100, { burst: REVIEWS_AT_ONCE });
  expect((await answer()).get("in")).toHaveLength(100);
});

test("who comes when a thousand wait is not asked about", async () => {
  const { answer } = crowd(REVIEWS_AT_ONCE + WAITING + 5);
  expect((await answer()).get(NOT_ASKED)).toHaveLength(5);
});

test("a question that fails costs nothing, and the next is asked", async () => {
  const turns = new ReviewTurns();
  const toll = new RateBound({ perSecond: 1, burst: 1, nowMs: () => 0 }).toll("a");
  const away = () => Promise.reject(new Error("the API server is away"));
  for (let index = 0; index < 2 * REVIEWS_AT_ONCE; index++)
    await expect(turns.ask(toll, away, () => true)).rejects.toThrow("away");
  expect(
    await turns.ask(
      toll,
      async () => "in",
      () => true,
    ),
  ).toBe("in");
});
