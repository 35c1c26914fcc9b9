import { expect, test } from "vitest";
import { ProgressPace } from "./progress-pace.ts";

test.each([
  { name: "the first is shown at once", shownMs: undefined, nowMs: 5, waitMs: 0 },
  { name: "what follows soon waits for the period to end", shownMs: 5, nowMs: 105, waitMs: 2001 },
  { name: "a timer may fire a little early", shownMs: 5.5, nowMs: 2104.9, waitMs: 2 },
  { name: "it is shown when the period is over", shownMs: 5, nowMs: 2105, waitMs: 0 },
  { name: "after a silence it is shown at once", shownMs: 5, nowMs: 9000, waitMs: 0 },
])("$name", ({ shownMs, nowMs, waitMs }) => {
  const pace = new ProgressPace();
  if (shownMs !== undefined) pace.shown("media/holiday", shownMs);
  expect(pace.waitMs("media/holiday", nowMs)).toBe(waitMs);
});

test("one MediaJob does not wait for another, nor for what was before it was forgotten", () => {
  const pace = new ProgressPace();
  pace.shown("media/a", 0);
  expect(pace.waitMs("media/b", 1)).toBe(0);
  pace.forget("media/a");
  expect(pace.waitMs("media/a", 1)).toBe(0);
});
