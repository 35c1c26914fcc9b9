import { describe, expect, test } from "vitest";
import { finalize as finalizeSchema } from "../../crds/finalize.ts";
import { report as reportSchema } from "../../crds/report.ts";
import type { Manifest } from "../manifest.ts";
import { humanDuration } from "./duration.ts";
import { reportOf } from "./report.ts";
import { pageOf } from "./report-page.ts";
import { tableOf } from "./report-table.ts";

const NOW_MS = Date.parse("2026-01-01T12:02:34.500Z");

const made = (source: string, fields: object = {}) => ({
  ...{ source, output: "thumb", phase: "Succeeded" as const, uri: `volume://media/out/${source}/thumb.webp` },
  ...{ bytes: 1200, sha256: "a".repeat(64), format: "webp", width: 320, height: 180 },
  ...fields,
});

const manifest = (fields: Partial<Manifest> = {}): Manifest => ({
  version: "v1",
  unit: "image-0",
  attempt: 1,
  counts: { succeeded: 1, skipped: 0, failed: 0 },
  outputs: [made("beach")],
  failures: [],
  failedSources: [],
  warnings: [],
  usage: { wallSeconds: 2, cpuSeconds: 1.5, peakMemoryBytes: 1e8, bytesIn: 1000, bytesOut: 1200 },
  job: { namespace: "media", name: "holiday", uid: "u" },
  wanted: { sources: ["beach"], outputs: ["thumb"] },
  planned: { pool: "cpu", seconds: 3 },
  engine: { family: "image", versions: { sharp: "1" } },
  sources: [{ name: "beach", bytes: 1000, identity: "i" }],
  records: [],
  diagnostics: [],
  ...fields,
});

const told = (manifests: Manifest[], handed: object = {}, family: "finalize" | "image" = "finalize") => {
  const made = reportOf({
    unit: {
      version: "v1",
      job: { namespace: "media", name: "holiday", uid: "u" },
      ...{
        name: family === "finalize" ? "finalize" : "image-0",
        attempt: 1,
        family,
        sources: [],
        outputs: [],
      },
      destination: { template: "{source}/{output}.{ext}", onConflict: "Overwrite" },
      limits: { cpu: 1, memoryBytes: 1, scratchBytes: 1, timeoutSeconds: 1, stallSeconds: 1 },
      finalize: finalizeSchema.parse({
        ...{ sweepToAttempt: 99, formats: ["json"], startTime: "2026-01-01T12:00:00Z" },
        ...(family === "finalize" && {
          outcome: { phase: "Succeeded", reason: "Succeeded", message: "the only unit succeeded" },
        }),
        ...handed,
      }),
    },
    manifests,
    nowMs: NOW_MS,
  });
  return reportSchema.parse(made);
};

const corrupt = {
  class: "input",
  reason: "SourceCorrupt",
  message: "it ends early",
  source: "beach",
} as const;
const failed = manifest({
  failure: corrupt,
  failures: [corrupt],
  outputs: [],
  counts: { succeeded: 0, skipped: 0, failed: 1 },
});
const openImage = {
  name: "image-0",
  family: "image",
  sources: ["beach"],
  sourceCount: 1,
  outputs: ["thumb"],
  estimatedSeconds: 3,
};

describe("a report", () => {
  test("adds up what attempts used, and how long it took", () => {
    const report = told([manifest({ attempt: 2 }), failed]);
    expect(report.usage).toMatchObject({ cpuSeconds: 3, peakMemoryBytes: 1e8, bytesIn: 2000 });
    expect(report.job.durationSeconds).toBe(154.5);
  });

  test("tells of each file once, as it was made, though a later attempt found it there", () => {
    const again = manifest({ attempt: 2, outputs: [made("beach", { phase: "Skipped", sha256: undefined })] });
    expect(told([again, manifest()]).outputs).toMatchObject([
      { phase: "Succeeded", unit: "image-0", attempt: 1 },
    ]);
  });

  test("knows of an attempt that was killed before it could leave a manifest", () => {
    const killed = {
      unit: "image-0",
      attempt: 2,
      class: "memory",
      reason: "MemoryLimitExceeded",
      message: "killed",
      exitCode: 137,
      node: "n1",
    };
    const failure = { unit: "image-0", class: "memory", reason: "MemoryLimitExceeded", message: "killed" };
    const report = told([failed], {
      open: [{ ...openImage, result: "Failed" }],
      attempts: [killed],
      failures: [failure],
    });
    expect(report.units).toMatchObject([
      {
        name: "image-0",
        result: "Failed",
        attempts: [{ attempt: 1 }, { attempt: 2, exitCode: 137, node: "n1" }],
      },
    ]);
    expect(report.failures).toEqual([failure]);
  });

  test("knows of units that never ran, and says how many it was not told of", () => {
    const open = [{ ...openImage, name: "image-10", result: "Cancelled" }];
    const report = told([manifest({ unit: "image-2" }), manifest()], { open, openLeftOut: 7, unitCount: 10 });
    expect(report.units.map(({ name, result }) => `${name} ${result}`)).toEqual([
      "image-0 Succeeded",
      "image-2 Succeeded",
      "image-10 Cancelled",
    ]);
    expect(report).toMatchObject({ counts: { units: { total: 10 } }, leftOut: { units: 7 } });
  });

  test("takes the operator's word for how a unit came out, its manifest being of an attempt before", () => {
    expect(told([failed]).units).toMatchObject([{ result: "Succeeded" }]);
  });

  test.each([
    { name: "Succeeded", manifests: [manifest()], phase: "Succeeded" },
    { name: "Failed", manifests: [failed], phase: "Failed" },
    {
      name: "PartiallySucceeded",
      manifests: [manifest({ failures: [corrupt], counts: { succeeded: 1, skipped: 0, failed: 1 } })],
      phase: "PartiallySucceeded",
    },
    {
      name: "PartiallySucceeded, where one source might be tried again and others are made",
      manifests: [
        manifest({
          failure: { ...corrupt, class: "storage", reason: "StorageError" },
          failures: [corrupt],
          counts: { succeeded: 1, skipped: 0, failed: 1 },
        }),
      ],
      phase: "PartiallySucceeded",
    },
  ])("of the only unit finds out itself that it $name", ({ manifests, phase }) =>
    expect(told(manifests, {}, "image").outcome.phase).toBe(phase),
  );
});

test("in the table a text that a spreadsheet would run is marked as text, and quotes are doubled", () => {
  const message = '=HYPERLINK("http://evil.example"), says the file';
  const [, row] = tableOf(
    told([manifest({ failures: [{ ...corrupt, message }], outputs: [] })], {
      open: [{ ...openImage, result: "Failed" }],
    }),
  ).split("\r\n");
  expect(row).toContain(`"'=HYPERLINK(""http://evil.example""), says the file"`);
});

test("a page stays a page, however much there is to tell", () => {
  const outputs = Array.from({ length: 5000 }, (_, index) => made(`photo-${index}`));
  const page = pageOf(told([manifest({ outputs })]));
  expect(page.split("\n").length).toBeLessThan(260);
  expect(page).toContain("… and 4800 lines more; all are in the JSON report");
});

test.each([
  { seconds: 0.04, expected: "0.0s" },
  { seconds: 59.96, expected: "1m 0.0s" },
  { seconds: 154.5, expected: "2m 34.5s" },
  { seconds: 3600, expected: "1h 0m 0.0s" },
])("$seconds s are $expected", ({ seconds, expected }) => expect(humanDuration(seconds)).toBe(expected));
