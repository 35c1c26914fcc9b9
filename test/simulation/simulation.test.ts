import { describe, expect, test } from "vitest";
import { drawScenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { sweep } from "./sweep.ts";

/** A short form; `npm run sim -- --runs 100000` is the long one. A seed that found a bug stays here for good. */
const FOUND_A_BUG = [
  1, 12, 18, 19, 21, 30, 121, 179, 184, 279, 402, 595, 774, 1123, 1224, 1381, 2037, 2160, 2201, 2303, 2320,
  2534, 2609, 3596, 3905, 4630, 16858, 20619, 30013, 100305, 125313, 200819, 205600, 206516, 218177, 501084,
  902428, 911428, 1026482,
];
const SEEDS = [...FOUND_A_BUG, ...Array.from({ length: 3 }, (_, index) => 1000 + index)];

test.each(SEEDS)("seed %i keeps every promise", async (seed) => {
  expect((await simulate(drawScenario(seed))).broken).toBeNull();
});

describe("the same seed", () => {
  test("tells the same story twice", async () => {
    const tell = async () => {
      const story: string[] = [];
      const verdict = await simulate(drawScenario(7), (atMs, line) => story.push(`${atMs} ${line}`));
      return { story, verdict };
    };
    expect(await tell()).toEqual(await tell());
  });
});

test("a deliberate bug is caught", async () => {
  const { broken } = await sweep({
    from: 1,
    runs: 100,
    mutation: "let-progress-fall",
    untilBroken: true,
    workers: 1,
  });
  expect(broken[0]?.broken.promise).toBe("progress and counters never fall");
});
