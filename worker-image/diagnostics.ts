import type { Diagnostic } from "../crds/report.ts";
import type { Failure } from "../crds/result.ts";
import { redacted } from "./redact.ts";

const MAX_LINES = 50;

/** What an engine's error carries of its log; nothing for any other error. */
export function diagnosticOf(error: unknown, { source, output, reason }: Failure): Diagnostic[] {
  const log = error instanceof Error && "log" in error && Array.isArray(error.log) ? error.log : [];
  if (log.length === 0) return [];
  return [
    {
      ...(source !== undefined && { source }),
      ...(output !== undefined && { output }),
      reason,
      log: log.slice(-MAX_LINES).map((line) => redacted(`${line}`)),
    },
  ];
}
