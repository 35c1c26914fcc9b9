import { expect, test } from "vitest";
import { nearness } from "./nearness.ts";

const steady = Array.from({ length: 100 }, (_, at) => ({ seconds: at / 10, fraction: at / 100 }));

test.each([
  { name: "progress that follows the clock is always near", told: steady, expected: 1 },
  { name: "progress that says nothing is near at the start only", told: [], expected: 0.05 },
  {
    name: "progress that is ten points ahead is never near but at the start",
    told: steady.map(({ seconds, fraction }) => ({ seconds, fraction: Math.min(1, fraction + 0.1) })),
    expected: 0.05,
  },
])("$name", ({ told, expected }) => expect(nearness(told, 10)).toBeCloseTo(expected, 1));

test("progress that falls is an error", () => {
  const told = [
    { seconds: 1, fraction: 0.5 },
    { seconds: 2, fraction: 0.4 },
  ];
  expect(() => nearness(told, 10)).toThrow("progress fell");
});
