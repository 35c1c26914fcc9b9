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

/**
 * `NAME.report.csv`: a row for each output that was made, failed or was cancelled; RFC 4180, with a head. An output of
 * several files has one for each, and every failure is told at least once.
 */
export function tableOf(report: Report): string {
  const common = commonColumns(report);
  const told = new Set(report.outputs.map(keyOf));
  const rows = [
    ...madeRows(report, common),
    ...failedRows(report, told, common),
    ...unfinishedRows(report, told, common),
  ];
  const lines = rows.map((row) => COLUMNS.map((column) => cell(row[column])).join(","));
  return `${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

/** An output of one source. */
interface Product {
  source: string;
  output: string;
}

const keyOf = ({ source, output }: Product): string => JSON.stringify([source, output]);

const productsOf = ({ sources, outputs }: Report["units"][number]): Product[] =>
  sources.flatMap((source) => outputs.map((output) => ({ source, output })));

function madeRows({ outputs }: Report, common: Common): Row[] {
  return outputs.map(({ source, output, unit, attempt, phase, reused, durationSeconds, ...file }) => ({
    ...common({ source, output, unit, attempt }),
    status: reused ? "Reused" : phase,
    ...file,
    duration_seconds: durationSeconds,
  }));
}

/**
 * A failure that names its output is told of that. One of a source or of the whole unit is told of all outputs that it
 * kept from being made, so the more exact ones come first.
 */
function failedRows({ failures, units }: Report, told: Set<string>, common: Common): Row[] {
  const unitOf = new Map(units.map((unit) => [unit.name, unit]));
  const exactness = ({ source, output }: Report["failures"][number]) =>
    Number(source !== undefined) + Number(output !== undefined);
  return [...Map.groupBy(failures, ({ unit }) => unit).values()]
    .flatMap((own) => own.toSorted((a, b) => exactness(b) - exactness(a)))
    .flatMap(({ source, output, unit, attempt, reason, message }) => {
      const itself = { source: source ?? "", output: output ?? "" };
      const planned = unitOf.get(unit);
      const lost =
        planned && output === undefined
          ? productsOf(planned).filter(
              (product) => (source ?? product.source) === product.source && !told.has(keyOf(product)),
            )
          : [];
      return (lost.length ? lost : [itself]).map((product) => {
        told.add(keyOf(product));
        return {
          ...common({ ...product, unit, attempt }),
          status: "Failed",
          failure_reason: reason,
          message,
        };
      });
    });
}

/** What is left of units that did not end well. Of one that never ran only the first sources are known by name. */
function unfinishedRows({ units }: Report, told: Set<string>, common: Common): Row[] {
  return units
    .filter(({ result }) => result === "Cancelled" || result === "Failed")
    .flatMap((unit) => {
      const { name, result: status, sources, sourceCount = sources.length, outputs, attempts } = unit;
      const attempt = attempts.at(-1)?.attempt;
      const left = productsOf(unit).filter((product) => !told.has(keyOf(product)));
      for (const product of left) told.add(keyOf(product)); // parts and what joins them are of one output
      const more = sourceCount - sources.length;
      const unnamed = more > 0 ? outputs.map((output) => ({ source: "", output })) : [];
      return [
        ...left.map((product) => ({ ...common({ ...product, unit: name, attempt }), status })),
        ...unnamed.map((product) => ({
          ...common({ ...product, unit: name, attempt }),
          status,
          message: `of ${more} more sources`,
        })),
      ];
    });
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
