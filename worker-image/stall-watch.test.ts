import { expect, test } from "vitest";
import { type Signs, StallWatch } from "./stall-watch.ts";

const MINUTE = 60_000;

/** What the last of these looks, one a minute, says of an attempt that may stand still for three. */
function after(...looks: Signs[]): number | undefined {
  const watch = new StallWatch(3 * MINUTE, { fraction: 0, cpuSeconds: 0 }, 0);
  return looks.map((signs, index) => watch.look(signs, (index + 1) * MINUTE)).at(-1);
}

const still = { fraction: 0.5, cpuSeconds: 10 };

test.each([
  {
    name: "progress is movement",
    looks: [1, 2, 3, 4].map((n) => ({ fraction: n / 10, cpuSeconds: 0 })),
    expected: undefined,
  },
  {
    name: "work is movement, also when progress stands",
    looks: [1, 2, 3, 4].map((n) => ({ fraction: 0, cpuSeconds: n })),
    expected: undefined,
  },
  { name: "a short rest is fine", looks: [still, still, still], expected: undefined },
  { name: "a long one is not", looks: [still, still, still, still], expected: 3 * MINUTE },
  {
    name: "waking up for a timer is no work, however often",
    looks: [0.1, 0.2, 0.3, 0.4].map((cpuSeconds) => ({ fraction: 0, cpuSeconds })),
    expected: 4 * MINUTE,
  },
  {
    name: "moving on at last starts anew",
    looks: [still, still, still, { fraction: 0.6, cpuSeconds: 10 }, still],
    expected: undefined,
  },
])("$name", ({ looks, expected }) => expect(after(...looks)).toBe(expected));
