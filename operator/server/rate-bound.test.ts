import { expect, test } from "vitest";
import { RateBound } from "./rate-bound.ts";

test("a burst at once, then so many a second; others are not touched", () => {
  let nowMs = 0;
  const bound = new RateBound({ perSecond: 5, burst: 10, nowMs: () => nowMs });
  const taken = (key: string, times: number) =>
    Array.from({ length: times }, () => bound.take(key)).filter(Boolean).length;
  expect(taken("liar", 10_000)).toBe(10);
  expect(bound.take("liar")).toBe(false);
  expect(taken("honest", 1)).toBe(1);
  nowMs = 1000;
  expect(taken("liar", 10_000)).toBe(5);
  nowMs = 3_600_000;
  expect(taken("liar", 10_000)).toBe(10);
});

test("ten thousand who are new do not make it forget the one who keeps coming", () => {
  const bound = new RateBound({ perSecond: 1, burst: 2, nowMs: () => 0 });
  const got = Array.from({ length: 10_001 }, (_, index) => {
    bound.take(`stranger-${index}`);
    return bound.take("liar");
  });
  expect(got.filter(Boolean)).toHaveLength(2);
});

test("what is given back can be taken again, and is no more than there was", () => {
  const bound = new RateBound({ perSecond: 1, burst: 2, nowMs: () => 0 });
  const toll = bound.toll("honest");
  for (let index = 0; index < 10; index++) {
    expect(toll.take()).toBe(true);
    toll.giveBack();
    toll.giveBack();
  }
  expect([toll.take(), toll.take(), toll.take()]).toEqual([true, true, false]);
});
