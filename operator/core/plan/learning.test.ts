import { expect, test } from "vitest";
import { film, mediaJob, thumb } from "../../../test/builders/core.ts";
import { configuration } from "../configuration.ts";
import { type Corrections, corrected, joined, learn, operationClass } from "./learning.ts";
import { plan } from "./plan.ts";

const estimate = { cpu: 1, memoryBytes: 1000, scratchBytes: 0, seconds: 100, gpu: false };
const usage = (wallSeconds: number, peakMemoryBytes: number) => ({
  wallSeconds,
  peakMemoryBytes,
  cpuSeconds: 0,
  bytesIn: 0,
  bytesOut: 0,
});

/** What is asked for after so many units that took these seconds and bytes. */
function after(count: number, seconds: number, bytes: number) {
  let corrections: Corrections = {};
  for (let unit = 0; unit < count; unit++)
    corrections = learn(corrections, "x", { estimate, usage: usage(seconds, bytes) });
  return corrected(estimate, corrections.x);
}

test("without a measurement the table counts", () =>
  expect(corrected(estimate, undefined)).toEqual(estimate));

test.each([
  {
    name: "seconds follow the first measurement at once",
    count: 1,
    seconds: 20,
    bytes: 400,
    expected: { seconds: 20, memoryBytes: 1000 },
  },
  {
    name: "memory waits for five, then follows with a margin",
    count: 5,
    seconds: 20,
    bytes: 500,
    expected: { seconds: 20, memoryBytes: 750 },
  },
  {
    name: "more than was estimated is asked for too",
    count: 5,
    seconds: 300,
    bytes: 2000,
    expected: { seconds: 300, memoryBytes: 3000 },
  },
  {
    name: "an absurd measurement is cut",
    count: 5,
    seconds: 1e9,
    bytes: 1e12,
    expected: { seconds: 2000, memoryBytes: 4000 },
  },
])("$name", ({ count, seconds, bytes, expected }) => {
  const asked = after(count, seconds, bytes);
  expect(asked.seconds).toBeCloseTo(expected.seconds);
  expect(asked.memoryBytes).toBe(expected.memoryBytes);
});

test("one odd unit moves the average by three tenths", () => {
  let corrections = learn({}, "x", { estimate, usage: usage(100, 1000) });
  corrections = learn(corrections, "x", { estimate, usage: usage(200, 1000) });
  expect(corrections.x?.seconds).toBeCloseTo(1.3);
});

test("the class measured longest ago gives way when there are too many", () => {
  let corrections: Corrections = {};
  for (let index = 0; index < 300; index++)
    corrections = learn(corrections, `c${index}`, { estimate, usage: usage(1, 1) });
  expect(Object.keys(corrections)).toHaveLength(200);
  expect(corrections.c299).toBeDefined();
});

test("outputs of one kind are one class, whatever they are called", () => {
  const outputs = (list: object[]) => mediaJob({ outputs: list }).spec.outputs;
  expect(operationClass(outputs([thumb, { ...thumb, name: "other" }]))).toBe("image/webp");
  expect(operationClass(outputs([film]))).toBe("video/h264/default/720");
});

test("what an image is made in besides its format is another class", () => {
  const classOf = (image: object) =>
    operationClass(mediaJob({ outputs: [{ name: "a", image }] }).spec.outputs);
  expect(classOf({ format: "webp", formats: ["avif"] })).toBe("image/avif,webp");
  expect(classOf({ format: "avif", formats: ["webp", "avif"] })).toBe("image/avif,webp");
});

test("the second hundred MediaJobs ask for less than the first, where these used less", () => {
  const { pools } = configuration.parse({});
  let corrections: Corrections = {};
  const askedFor = Array.from({ length: 200 }, () => {
    const [unit] = plan(mediaJob({ outputs: [film] }).spec, pools, corrections).units;
    if (!unit || "refused" in unit.placement) throw new Error("there is no unit with a place");
    const { operation, tableEstimate, estimate: asked, placement } = unit;
    const used = usage(tableEstimate.seconds / 10, tableEstimate.memoryBytes / 2);
    corrections = learn(corrections, operation, { estimate: tableEstimate, usage: used });
    return { seconds: asked.seconds, memoryBytes: placement.memoryBytes };
  });
  const sum = (jobs: typeof askedFor, of: keyof (typeof askedFor)[number]) =>
    jobs.reduce((total, job) => total + job[of], 0);
  const [first, second] = [askedFor.slice(0, 100), askedFor.slice(100)];
  expect(sum(second, "seconds")).toBeLessThan(sum(first, "seconds"));
  expect(sum(second, "memoryBytes")).toBeLessThan(sum(first, "memoryBytes"));
  expect(askedFor.at(-1)?.memoryBytes).toBeCloseTo((askedFor[0]?.memoryBytes ?? 0) * 0.75, -2);
});

test("of two that learned apart, each class keeps what follows from more measurements", () => {
  const of = (samples: number, seconds: number) => ({ samples, seconds, memory: 1 });
  const first = { a: of(9, 1), b: of(2, 1), c: of(3, 1) };
  const second = { b: of(8, 2), c: of(3, 2), d: of(1, 2) };
  expect(joined(first, second)).toEqual({ a: of(9, 1), b: of(8, 2), c: of(3, 1), d: of(1, 2) });
});
