import { expect, test } from "vitest";
import { WEBHOOK_EVENTS } from "../../crds/media-job.ts";
import { RETRY_TABLE, retryDelayMs } from "./retry-table.ts";

test.each(WEBHOOK_EVENTS)("%s: the delays fill its time and do not exceed it", (type) => {
  const { delaysSeconds, withinSeconds } = RETRY_TABLE[type];
  const total = delaysSeconds.reduce((sum, seconds) => sum + seconds, 0);
  expect(total).toBeLessThanOrEqual(withinSeconds);
  if (type !== "job.progress") expect(total).toBeGreaterThan(withinSeconds * 0.8);
});

test.each([
  { type: "job.completed", tries: 1, random: 0, expected: 750 },
  { type: "job.completed", tries: 1, random: 0.5, expected: 1000 },
  { type: "job.completed", tries: 1, random: 1, expected: 1250 },
  { type: "job.completed", tries: 11, random: 0.5, expected: 1_200_000 },
  { type: "job.completed", tries: 12, random: 0.5, expected: undefined },
  { type: "job.progress", tries: 1, random: 0.5, expected: 10_000 },
  { type: "job.progress", tries: 2, random: 0.5, expected: undefined },
  { type: "event.of.a.later.version", tries: 1, random: 0.5, expected: 1000 },
])("after try $tries of $type with $random: $expected ms", ({ type, tries, random, expected }) =>
  expect(retryDelayMs(type, tries, random)).toBe(expected),
);
