import { expect, test } from "vitest";
import { TERMINATION_MESSAGE_BYTES, type UnitResult, unitResult } from "../crds/result.ts";
import { summarize } from "./summary.ts";

const long = "ü".repeat(3000);
const result = (parts: Partial<UnitResult>): UnitResult => ({
  version: "v1",
  unit: "image-0",
  attempt: 1,
  counts: { succeeded: 500, skipped: 0, failed: 500 },
  outputs: [],
  failures: [],
  failedSources: [],
  warnings: [],
  usage: { wallSeconds: 1, cpuSeconds: 1, peakMemoryBytes: 1, bytesIn: 1, bytesOut: 1 },
  ...parts,
});
const outputs = (count: number): UnitResult["outputs"] =>
  Array.from({ length: count }, (_, index) => ({
    source: `s${index}`,
    output: "o",
    phase: "Succeeded",
    uri: `volume://m/${index}`,
  }));
const failures = (count: number, message = "broken"): UnitResult["failures"] =>
  Array.from({ length: count }, (_, index) => ({
    class: "input",
    reason: "SourceCorrupt",
    message,
    source: `s${index}`,
  }));

test("a result that fits is left whole", () => {
  const whole = result({ outputs: outputs(3), failures: failures(2) });
  expect(JSON.parse(summarize(whole))).toEqual(whole);
});

test.each([
  { name: "many outputs", parts: { outputs: outputs(1000) } },
  {
    name: "many failures",
    parts: { failures: failures(1000), failedSources: Array.from({ length: 900 }, (_, i) => i) },
  },
  {
    name: "long messages of many bytes a character",
    parts: {
      failure: { class: "input" as const, reason: "SourceCorrupt" as const, message: long },
      failures: failures(50, long),
      warnings: [{ reason: "x", message: long }],
    },
  },
  {
    name: "what was found of 60 films, beside a path in another script",
    parts: {
      facts: Array.from({ length: 60 }, () => [7201.237, 3840, 2160, 59.94, 2, 123_456_789_012, 1, 0, 0]),
      manifestUri: `volume://m/${encodeURIComponent("映".repeat(150))}/.mediajob/uid/probe-0-a1.json`,
    },
  },
  {
    name: "all of it",
    parts: {
      outputs: outputs(1000),
      failures: failures(1000, long),
      failedSources: Array.from({ length: 5000 }, (_, i) => i),
    },
  },
])("$name give valid JSON of at most 4096 bytes with whole counts", ({ parts }) => {
  const text = summarize(result(parts));
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TERMINATION_MESSAGE_BYTES);
  const read = unitResult.parse(JSON.parse(text));
  expect(read.truncated).toBe(true);
  expect(read.counts).toEqual({ succeeded: 500, skipped: 0, failed: 500 });
});

test("what failed is told before what was made, and as much of it as there is room for", () => {
  const read = unitResult.parse(
    JSON.parse(summarize(result({ outputs: outputs(1000), failures: failures(5) }))),
  );
  expect(read.failures).toHaveLength(5);
  expect(read.outputs.length).toBeGreaterThan(20);
});

test("the result itself is not changed", () => {
  const whole = result({ outputs: outputs(1000) });
  summarize(whole);
  expect(whole.outputs).toHaveLength(1000);
});
