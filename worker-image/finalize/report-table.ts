import type { Report } from "../../crds/report.ts";

/** What was wanted, how it came out, what was verified of the file, and when. */
const COLUMNS = [
  "job",
  "source",
  "output",
  "unit",
  "attempt",
  "status",
  "uri",
  "bytes",
  "sha256",
  "format",
  "width",
  "height",
  "duration_seconds",
  "execution_seconds",
  "failure_reason",
  "message",
  "warnings",
  "started_at",
  "completed_at",
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], string | number | undefined>>;

/** `NAME.report.csv`: a row for each output that was made, failed or never begun; RFC 4180, with a head. */
export function tableOf(report: Report): string {
  const common = commonColumns(report);
  const rows = [...madeRows(report, common), ...failedRows(report, common), ...cancelledRows(report, common)];
  const lines = rows.map((row) => COLUMNS.map((column) => cell(row[column])).join(","));
  return `${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

function madeRows({ outputs }: Report, common: Common): Row[] {
  return outputs.map(({ source, output, unit, attempt, phase, reused, durationSeconds, ...file }) => ({
    ...common({ source, output, unit, attempt }),
    status: reused ? "Reused" : phase,
    ...file,
    duration_seconds: durationSeconds,
  }));
}

function failedRows({ failures }: Report, common: Common): Row[] {
  return failures.map(({ source = "", output = "", unit, attempt, reason, message }) => ({
    ...common({ source, output, unit, attempt }),
    status: "Failed",
    failure_reason: reason,
    message,
  }));
}

/** Of units that never made anything, by the sources that are known. */
function cancelledRows({ units }: Report, common: Common): Row[] {
  return units
    .filter(({ result }) => result === "Cancelled")
    .flatMap(({ name, sources, outputs }) =>
      sources.flatMap((source) =>
        outputs.map((output) => ({
          ...common({ source, output, unit: name }),
          status: "Cancelled",
        })),
      ),
    );
}

type Common = (row: { source: string; output: string; unit: string; attempt?: number | undefined }) => Row;

function commonColumns({ job, units, warnings }: Report): Common {
  const unitOf = new Map(units.map((unit) => [unit.name, unit]));
  const warningsOf = Map.groupBy(warnings, ({ source }) => source);
  return (row) => {
    const attempt = unitOf.get(row.unit)?.attempts.find(({ attempt }) => attempt === row.attempt);
    const own = warningsOf.get(row.source)?.filter(({ output = row.output }) => output === row.output) ?? [];
    return {
      job: job.name,
      ...row,
      execution_seconds: attempt?.usage?.wallSeconds,
      warnings: own.map(({ reason, message }) => `${reason}: ${message}`).join("; "),
      started_at: attempt?.startTime,
      completed_at: attempt?.endTime,
    };
  };
}

/** A text that a spreadsheet would take for a formula is marked as text: messages quote what files hold. */
function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return `${value}`;
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
