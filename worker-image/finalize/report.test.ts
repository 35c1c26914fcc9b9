import { describe, expect, test } from "vitest";
import { finalize as finalizeSchema } from "../../crds/finalize.ts";
import { type Report, report as reportSchema } from "../../crds/report.ts";
import type { Manifest } from "../manifest.ts";
import { humanDuration } from "./duration.ts";
import { type Noted, reportOf } from "./report.ts";
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

const told = (
  manifests: Manifest[],
  handed: object = {},
  family: "finalize" | "image" = "finalize",
  noted: Noted[] = [],
) => {
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
    noted,
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

/** Each row of the table as `source output status reason`, and the sections of the page that hold units. */
const rowsOf = (report: Report) =>
  tableOf(report)
    .trim()
    .split("\r\n")
    .slice(1)
    .map((row) => row.split(","))
    .map((cells) => [cells[1], cells[2], cells[5], cells[14]].join(" ").trim());
const unitLinesOf = (report: Report) =>
  pageOf(report)
    .split("\n\n")
    .filter((block) => /^(Never begun|Not finished)\n/.test(block))
    .map((block) => block.trim().split("\n"))
    .map(([title, , ...lines]) => [title, ...lines]);

const missing = { class: "input", reason: "SourceNotFound", message: "c is gone", source: "c" } as const;
const stopped = { class: "disruption", reason: "Terminated", message: "stopped by SIGTERM" } as const;
const full = { class: "disk", reason: "DiskFull", message: "there is no room" } as const;
const overdue = { class: "deadline", reason: "DeadlineExceeded", message: "it took too long" } as const;
const wanted = { sources: ["a", "b", "c"], outputs: ["thumb", "big"] };
const cancelled = { ...openImage, result: "Cancelled" };

test.each<{
  name: string;
  manifests?: Manifest[];
  handed?: object;
  noted?: Noted[];
  rows: string[];
  page?: string[][];
}>([
  {
    name: "what a unit had not made when it failed has failed with it",
    manifests: [manifest({ wanted, outputs: [made("a")], failures: [missing], failure: full })],
    handed: { open: [{ ...openImage, result: "Failed" }] },
    rows: [
      "a thumb Succeeded",
      "c thumb Failed SourceNotFound",
      "c big Failed SourceNotFound",
      "a big Failed DiskFull",
      "b thumb Failed DiskFull",
      "b big Failed DiskFull",
    ],
  },
  {
    name: "why a worker was stopped the operator knows",
    manifests: [manifest({ wanted, outputs: [made("a"), made("b")], failures: [missing], failure: stopped })],
    handed: {
      open: [{ ...openImage, result: "Failed" }],
      attempts: [{ ...overdue, unit: "image-0", attempt: 1 }],
    },
    rows: [
      "a thumb Succeeded",
      "b thumb Succeeded",
      "c thumb Failed SourceNotFound",
      "c big Failed SourceNotFound",
      "a big Failed DeadlineExceeded",
      "b big Failed DeadlineExceeded",
    ],
  },
  {
    name: "an output of which a file was made and another failed has both",
    manifests: [
      manifest({
        failures: [{ ...missing, source: "beach", output: "thumb" }],
        counts: { succeeded: 1, skipped: 0, failed: 1 },
      }),
    ],
    handed: { open: [{ ...openImage, result: "PartiallySucceeded" }] },
    rows: ["beach thumb Succeeded", "beach thumb Failed SourceNotFound"],
  },
  {
    name: "a unit that was cancelled at work is no failure, and what it made is made",
    manifests: [
      manifest({ wanted: { ...wanted, outputs: ["thumb"] }, outputs: [made("a")], failure: stopped }),
    ],
    handed: { open: [cancelled] },
    rows: ["a thumb Succeeded", "b thumb Cancelled", "c thumb Cancelled"],
    page: [["Not finished", "image-0: thumb of a, b, c"]],
  },
  {
    name: "of sources that are not told by name it is told how many there are",
    handed: { open: [{ ...cancelled, sourceCount: 30 }] },
    rows: ["beach thumb Cancelled", "thumb Cancelled"],
    page: [["Never begun", "image-0: thumb of beach and 29 more"]],
  },
  {
    name: "what a worker made before it was killed is made",
    handed: { open: [{ ...cancelled, sources: ["beach", "dunes"], sourceCount: 2 }] },
    noted: [{ unit: "image-0", made: made("beach") }],
    rows: ["beach thumb Succeeded", "dunes thumb Cancelled"],
    page: [["Not finished", "image-0: thumb of beach, dunes"]],
  },
  {
    name: "an output that was to be joined of parts is told of once",
    handed: {
      open: [
        { ...cancelled, name: "join-0" },
        { ...openImage, name: "part-0", result: "Failed" },
      ],
      failures: [{ ...full, unit: "part-0", source: "beach" }],
    },
    rows: ["beach thumb Failed DiskFull"],
    page: [["Never begun", "join-0: thumb of beach"]],
  },
])("in the table each output has its row: $name", ({ manifests = [], handed, noted, rows, page = [] }) => {
  const report = told(manifests, handed, "finalize", noted);
  expect(rowsOf(report)).toEqual(rows);
  expect(unitLinesOf(report)).toEqual(page);
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
