import { expect, test } from "vitest";
import { failed, NOW_MS } from "../../../test/builders/core.ts";
import { failedAttempts, newFailures } from "./failed-attempts.ts";

/** So many attempts at units of their own, of which one failed each second. */
const failures = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) =>
    failed({ unit: `image-${from + index}`, endedAtMs: NOW_MS + (from + index) * 1000 }),
  );

test("a pass that sees more failures than are listed tells of each of them, once", () => {
  const first = failures(0, 5);
  const listed = failedAttempts(first, []);
  expect(newFailures(first, [])).toHaveLength(5);
  const seen = [...first, ...failures(5, 100)];
  expect(newFailures(seen, listed).map(({ unit }) => unit)).toEqual(failures(5, 100).map(({ unit }) => unit));
  const after = failedAttempts(seen, listed);
  expect(after.map(({ unit }) => unit)).toEqual(failures(85, 20).map(({ unit }) => unit));
  expect(newFailures(seen, after)).toEqual([]);
  expect(newFailures([...seen, ...failures(105, 1)], after)).toHaveLength(1);
});
