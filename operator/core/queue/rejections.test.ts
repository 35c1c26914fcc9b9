import { expect, test } from "vitest";
import { Rejections } from "./rejections.ts";

const of = (rejections: Rejections, unit = "image-0") => rejections.of("uid").get(unit);
const asked = { unit: "image-0", attempt: 1, message: "exceeded quota: jobs" };

test("an attempt that is refused is asked for again after 5 s, and after twice as long each time, up to a minute", () => {
  const rejections = new Rejections();
  const waits = [0, 5_000, 15_000, 35_000, 75_000, 135_000].map((nowMs) => {
    rejections.note("uid", asked, { nowMs, spread: 0.5 });
    return (of(rejections)?.untilMs ?? 0) - nowMs;
  });
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  expect(of(rejections)).toMatchObject({ sinceMs: 0, times: 6 });
});

test("the next attempt of the unit begins anew", () => {
  const rejections = new Rejections();
  rejections.note("uid", asked, { nowMs: 0, spread: 0.5 });
  rejections.note("uid", { ...asked, attempt: 2 }, { nowMs: 9_000, spread: 0.5 });
  expect(of(rejections)).toMatchObject({ attempt: 2, sinceMs: 9_000, times: 1 });
});

test("an operator that finds one told of goes on from there, and only with the first", () => {
  const rejections = new Rejections();
  rejections.note("uid", asked, { nowMs: 9_000, spread: 0.5, knownSinceMs: 2_000 });
  rejections.note("uid", { ...asked, unit: "image-1" }, { nowMs: 9_000, spread: 0.5, knownSinceMs: 2_000 });
  expect([of(rejections)?.sinceMs, of(rejections, "image-1")?.sinceMs]).toEqual([2_000, 9_000]);
});

test("what was made, or is gone, is not refused any more", () => {
  const rejections = new Rejections();
  for (const unit of ["image-0", "image-1"])
    rejections.note("uid", { ...asked, unit }, { nowMs: 0, spread: 0.5 });
  rejections.accepted("uid", "image-0");
  expect([...rejections.of("uid").keys()]).toEqual(["image-1"]);
  rejections.forget("uid");
  expect(rejections.of("uid").size).toBe(0);
});
