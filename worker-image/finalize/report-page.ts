import prettyBytes from "pretty-bytes";
import type { Report } from "../../crds/report.ts";
import { humanDuration } from "./duration.ts";

/** A page is read by a person; what is more is in the JSON. */
const MAX_LINES = 200;
const MAX_LOG_LINES = 10;

/** `NAME.report.txt`: what was made, what failed and why, on a page. */
export function pageOf(report: Report): string {
  const { job, outcome } = report;
  const begun = new Set(report.outputs.map(({ unit }) => unit));
  const cancelled = Map.groupBy(
    report.units.filter(({ result }) => result === "Cancelled"),
    ({ name, attempts }) => attempts.length > 0 || begun.has(name),
  );
  const title = `${job.namespace}/${job.name}: ${outcome.phase}`;
  const blocks = [
    [title, "=".repeat(title.length), outcome.message],
    section("Summary", summaryOf(report)),
    section("Outputs", report.outputs.map(outputLine)),
    section(
      "Failures",
      report.failures.flatMap((failure) => failureLines(failure, report)),
    ),
    section("Not finished", cancelled.get(true)?.map(unitLine)),
    section("Never begun", cancelled.get(false)?.map(unitLine)),
    section(
      "Warnings",
      report.warnings.map(({ reason, message, ...on }) => `${subjectOf(on)}${reason}: ${message}`),
    ),
    section(
      "History",
      report.history.map(({ time, to, reason }) => `${time}  ${to} (${reason})`),
    ),
    section("Programs", programsOf(report)),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function section(title: string, lines: readonly string[] = []): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - MAX_LINES;
  return [
    title,
    "-".repeat(title.length),
    ...lines.slice(0, MAX_LINES),
    ...(more > 0 ? [`… and ${more} lines more; all are in the JSON report`] : []),
  ];
}

function summaryOf({ job, counts, usage, generatedTime }: Report): string[] {
  const { units, outputs } = counts;
  const rows: [string, string | undefined][] = [
    ["created", job.createdTime],
    ["started", job.startTime],
    ["reported", generatedTime],
    ["took", job.durationSeconds === undefined ? undefined : humanDuration(job.durationSeconds)],
    [
      "units",
      `${units.total}: ${units.succeeded} succeeded, ${units.failed} failed, ${units.cancelled} cancelled`,
    ],
    [
      "outputs",
      `${outputs.succeeded} made, ${outputs.reused} made before, ${outputs.skipped - outputs.reused} kept as they were, ${outputs.failed} failed`,
    ],
    ["warnings", `${counts.warnings}`],
    ["processor", humanDuration(usage.cpuSeconds)],
    ["memory", `${prettyBytes(usage.peakMemoryBytes)} at most`],
    ["read", prettyBytes(usage.bytesIn)],
    ["written", prettyBytes(usage.bytesOut)],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(10)} ${value}`]));
}

function outputLine(made: Report["outputs"][number]): string {
  const facts = [
    made.width && made.height ? `${made.width}×${made.height}` : "",
    made.durationSeconds === undefined ? "" : humanDuration(made.durationSeconds),
    made.bytes === undefined ? "" : prettyBytes(made.bytes),
    made.reused ? "made before" : made.phase === "Skipped" ? "kept as it was" : "",
  ].filter(Boolean);
  return `${made.source}/${made.output}  ${facts.join(", ")}  ${made.uri}`;
}

function failureLines(failure: Report["failures"][number], { units }: Report): string[] {
  const attempts = units.find(({ name }) => name === failure.unit)?.attempts ?? [];
  const tries = attempts.length > 1 ? ` (after ${attempts.length} attempts)` : "";
  const log = attempts
    .at(-1)
    ?.diagnostics.find(({ source, output }) => source === failure.source && output === failure.output)
    ?.log.slice(-MAX_LOG_LINES);
  return [
    `${subjectOf(failure)}${failure.reason}: ${failure.message}${tries}`,
    ...(log ?? []).map((line) => `    ${line}`),
  ];
}

function unitLine({ name, sources, sourceCount = 0, outputs }: Report["units"][number]): string {
  const more = sourceCount > sources.length ? ` and ${sourceCount - sources.length} more` : "";
  return `${name}: ${outputs.join(", ")} of ${sources.join(", ")}${more}`;
}

const subjectOf = ({
  source,
  output,
  unit,
}: {
  source?: string | undefined;
  output?: string | undefined;
  unit?: string | undefined;
}): string => {
  const names = [source, output].filter(Boolean).join("/") || unit;
  return names ? `${names}  ` : "";
};

/** Each version once. */
function programsOf({ units }: Report): string[] {
  const versions = units.flatMap(({ attempts }) =>
    attempts.flatMap(({ engine = {} }) => Object.entries(engine)),
  );
  return [...new Set(versions.map(([name, version]) => `${name} ${version}`))].toSorted();
}
