import { expect, test } from "vitest";
import { FAILURE_CLASSES, type FailureClass } from "../../../crds/failures.ts";
import { mayRetry, retryDelayMs } from "./retry.ts";

const delay = (fields: Partial<Parameters<typeof retryDelayMs>[0]>) =>
  retryDelayMs({ failureClass: "network", counted: 1, priority: "Normal", spread: 0.5, ...fields });

test.each([
  { name: "the first retry waits the base", fields: {}, expectedMs: 1_000 },
  { name: "each further one waits twice as long", fields: { counted: 4 }, expectedMs: 8_000 },
  { name: "up to the cap", fields: { counted: 19 }, expectedMs: 300_000 },
  { name: "jitter takes a fifth off", fields: { spread: 0 }, expectedMs: 800 },
  { name: "or puts a fifth on", fields: { spread: 1 }, expectedMs: 1_200 },
  { name: "urgent work waits half as long", fields: { priority: "Urgent" as const }, expectedMs: 500 },
  { name: "low priority waits half as long again", fields: { priority: "Low" as const }, expectedMs: 1_500 },
  {
    name: "after a refusal of a node it waits a little",
    fields: { failureClass: "disruption" as const, refused: 1 },
    expectedMs: 2_000,
  },
  {
    name: "and longer after each further one, whatever has failed before",
    fields: { failureClass: "disruption" as const, counted: 2, refused: 4 },
    expectedMs: 16_000,
  },
  { name: "more memory waits for nothing", fields: { failureClass: "memory" as const }, expectedMs: 0 },
  { name: "a disruption waits for nothing", fields: { failureClass: "disruption" as const }, expectedMs: 0 },
])("$name", ({ fields, expectedMs }) => expect(delay(fields)).toBe(expectedMs));

test.each(Object.keys(FAILURE_CLASSES) as FailureClass[])(
  "%s is retried as its table says",
  (failureClass) => {
    expect(mayRetry(failureClass, 2, 3)).toBe(!["input", "config"].includes(failureClass));
    expect(mayRetry(failureClass, 3, 3)).toBe(false);
  },
);
