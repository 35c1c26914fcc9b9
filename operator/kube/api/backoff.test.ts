import { expect, test } from "vitest";
import { ApiError } from "./api-error.ts";
import { retryDelayMs } from "./backoff.ts";

const overload = (retryAfterMs: number) => new ApiError("overload", { code: 429, retryAfterMs });

test.each([
  { name: "the first failure waits the base", failures: 1, random: 1, expectedMs: 100 },
  { name: "each further one waits twice as long", failures: 4, random: 1, expectedMs: 800 },
  { name: "up to the cap", failures: 2000, random: 1, expectedMs: 10_000 },
  { name: "at most half is left to chance", failures: 4, random: 0, expectedMs: 400 },
  { name: "Retry-After is waited out", failures: 1, random: 1, error: overload(5000), expectedMs: 5000 },
  {
    name: "a backoff that is longer stays",
    failures: 20,
    random: 1,
    error: overload(5000),
    expectedMs: 10_000,
  },
  { name: "an absurd Retry-After is cut", failures: 1, random: 1, error: overload(1e9), expectedMs: 300_000 },
])("$name", ({ failures, random, error, expectedMs }) => {
  expect(retryDelayMs({ failures, error, random: () => random, baseMs: 100, capMs: 10_000 })).toBe(
    expectedMs,
  );
});
