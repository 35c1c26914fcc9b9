import prettyBytes from "pretty-bytes";
import type { MediaJob } from "../../crds/media-job.ts";
import type { OutputStatus, Phase } from "../../crds/media-job-status.ts";
import type { UnitResult } from "../../crds/result.ts";
import { readyMessage } from "../core/reconcile/conditions.ts";
import { fileOf } from "./local-file.ts";
import type { LocalView } from "./local-shell.ts";
import { plainTable } from "./plain-table.ts";

/** What was made: output, file, dimensions, duration, size, and the time of the unit that made it. */
export function resultTable({ job, attempts }: LocalView, volumes: Readonly<Record<string, string>>): string {
  const { outputs = [], failures = [], warnings = [], phase } = job.status ?? {};
  const lines: string[] = [];
  if (outputs.length) {
    const rows = inOrderOf(job.spec, outputs).map((made) => [
      `${made.source}/${made.output}`,
      fileOf(made.uri, volumes),
      made.width && made.height ? `${made.width}×${made.height}` : "",
      made.durationSeconds === undefined ? "" : `${made.durationSeconds.toFixed(1)} s`,
      made.bytes === undefined ? "" : prettyBytes(made.bytes),
      made.reused ? "reused" : made.phase === "Skipped" ? "skipped" : unitTime(made, attempts),
    ]);
    lines.push(plainTable(["OUTPUT", "FILE", "DIMENSIONS", "DURATION", "SIZE", "TIME"], rows));
    const all = new Set(attempts.flatMap(({ result }) => result?.outputs.map(({ uri }) => uri) ?? []));
    if (all.size > rows.length) lines.push(`and ${all.size - rows.length} more`);
  }
  for (const { source, output, reason, message } of failures) {
    lines.push(`failed   ${[source, output].filter(Boolean).join("/")}  ${reason}: ${message}`);
  }
  const moreFailures = count(attempts, ({ failures }) => failures) - failures.length;
  if (moreFailures > 0) lines.push(`and ${moreFailures} more failures`);
  for (const { source, output, reason, message } of warnings) {
    lines.push(`warning  ${[source, output].filter(Boolean).join("/")}  ${reason}: ${message}`);
  }
  const { reportUri } = job.status ?? {};
  if (reportUri) lines.push(`report   ${fileOf(reportUri, volumes)}`);
  const wayOut = phase && WAYS_OUT[phase];
  lines.push(
    `${job.metadata.name}: ${phase}: ${[readyMessage(job.status ?? {}), wayOut].filter((part) => part !== undefined).join("; ")}`,
  );
  return lines.join("\n");
}

/** What a person does about a MediaJob that goes no further by itself. */
const WAYS_OUT: Partial<Record<Phase, string>> = {
  Suspended: "set it to false and run it again",
  RecoveryRequired: "run it again: what was made is not made anew",
};

/** Of the last attempt of each unit. */
function count(attempts: LocalView["attempts"], listOf: (result: UnitResult) => readonly unknown[]): number {
  const last = new Map(attempts.map(({ unit, result }) => [unit, result]));
  return [...last.values()].reduce((sum, result) => sum + (result ? listOf(result).length : 0), 0);
}

/** As the manifest names them, not as they were finished. */
function inOrderOf({ sources, outputs }: MediaJob["spec"], made: readonly OutputStatus[]): OutputStatus[] {
  const place = ({ source, output }: OutputStatus) =>
    sources.findIndex(({ name }) => name === source) * outputs.length +
    outputs.findIndex(({ name }) => name === output);
  return made.toSorted((a, b) => place(a) - place(b));
}

function unitTime({ source, output }: OutputStatus, attempts: LocalView["attempts"]): string {
  const attempt = attempts.find(({ result }) =>
    result?.outputs.some((made) => made.source === source && made.output === output),
  );
  return attempt?.result ? `${attempt.result.usage.wallSeconds.toFixed(1)} s` : "";
}
