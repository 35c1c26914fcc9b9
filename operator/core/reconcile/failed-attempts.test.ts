import { expect, test } from "vitest";
import { failed, mediaJob, NOW_MS } from "../../../test/builders/core.ts";
import { advanced, pass } from "../../../test/builders/passes.ts";
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

test("failed attempts are listed, each once, with what is known of them", () => {
  const lost = { exitCode: 143, disrupted: true, message: "node drained" };
  const first = pass({ attempts: [failed({ ...lost, node: "node-1" })] });
  const attempts = [failed({ ...lost, node: "node-1" }), failed({ attempt: 2, endedAtMs: NOW_MS + 5000 })];
  const second = pass({ job: advanced(mediaJob(), first), attempts });
  expect(second.status.attempts).toEqual([
    {
      unit: "image-0",
      attempt: 1,
      class: "disruption",
      reason: "Evicted",
      message: "node drained",
      exitCode: 143,
      node: "node-1",
      endTime: "2026-01-01T12:00:00Z",
    },
    expect.objectContaining({ attempt: 2, class: "internal", endTime: "2026-01-01T12:00:05Z" }),
  ]);
});
