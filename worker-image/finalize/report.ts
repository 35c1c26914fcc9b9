import type { Finalize } from "../../crds/finalize.ts";
import type { Report } from "../../crds/report.ts";
import type { Failure, Usage } from "../../crds/result.ts";
import type { Unit } from "../../crds/unit.ts";
import type { Manifest } from "../manifest.ts";

type Finalizing = Unit & { finalize: Finalize };

type ReportedUnit = Report["units"][number];
type ReportedAttempt = ReportedUnit["attempts"][number];

/**
 * The report, made of the manifests that attempts left and of what the operator handed over. Where both tell of one
 * thing the manifest is right about what happened in the worker, and the operator about how the unit came out.
 */
export function reportOf({
  unit: { job, name: ownName, family, finalize },
  manifests,
  nowMs,
}: {
  unit: Finalizing;
  manifests: readonly Manifest[];
  nowMs: number;
}): Report {
  const told = manifests.filter(
    ({ unit, engine }) => family !== "finalize" || (unit !== ownName && engine.family !== family),
  );
  const byUnit = Map.groupBy(told, ({ unit }) => unit);
  const units = unitsOf(byUnit, finalize);
  const last = new Map(units.map((unit) => [unit.name, byUnit.get(unit.name)?.toSorted(byAttempt).at(-1)]));
  const outputs = outputsOf(units, byUnit);
  const failures = failuresOf(units, last, finalize);
  const warnings = warningsOf([...last.values()], finalize);
  const outcome = finalize.outcome ?? ownOutcome(units, failures);
  const of = (...results: ReportedUnit["result"][]) =>
    units.filter(({ result }) => results.includes(result)).length;
  return {
    version: "v1",
    generatedTime: new Date(nowMs).toISOString(),
    job: {
      ...job,
      ...(finalize.generation !== undefined && { generation: finalize.generation }),
      retryGeneration: finalize.retryGeneration ?? 0,
      ...(finalize.createdTime && { createdTime: finalize.createdTime }),
      ...(finalize.startTime && {
        startTime: finalize.startTime,
        durationSeconds: Math.max(0, nowMs - Date.parse(finalize.startTime)) / 1000,
      }),
    },
    outcome,
    counts: {
      units: {
        total: finalize.unitCount ?? units.length,
        succeeded: of("Succeeded", "PartiallySucceeded"),
        failed: of("Failed"),
        cancelled: of("Cancelled"),
      },
      outputs: {
        succeeded: outputs.filter(({ phase }) => phase === "Succeeded").length,
        skipped: outputs.filter(({ phase }) => phase === "Skipped").length,
        reused: outputs.filter(({ reused }) => reused).length,
        failed: failures.length,
      },
      warnings: warnings.length,
    },
    usage: total(told.map(({ usage }) => usage)),
    spec: finalize.spec ?? {},
    units,
    outputs,
    failures,
    warnings,
    history: finalize.history,
    ...(finalize.openLeftOut > 0 && { leftOut: { units: finalize.openLeftOut } }),
  };
}

const byAttempt = (a: { attempt: number }, b: { attempt: number }) => a.attempt - b.attempt;

function unitsOf(
  byUnit: ReadonlyMap<string, readonly Manifest[]>,
  { open, openLeftOut, attempts, outcome }: Finalizing["finalize"],
): ReportedUnit[] {
  const opened = new Map(open.map((unit) => [unit.name, unit]));
  const names = [...new Set([...byUnit.keys(), ...opened.keys()])].toSorted(inPlan);
  return names.map((name) => {
    const manifests = byUnit.get(name)?.toSorted(byAttempt) ?? [];
    const last = manifests.at(-1);
    const handed = opened.get(name);
    const surely = handed?.result ?? (outcome && openLeftOut === 0 ? "Succeeded" : undefined);
    const known = new Map(manifests.map((manifest) => [manifest.attempt, attemptOf(manifest)]));
    for (const failed of attempts.filter(({ unit }) => unit === name)) {
      const told: ReportedAttempt = known.get(failed.attempt) ?? {
        attempt: failed.attempt,
        result: "Failed",
        failure: { class: failed.class, reason: failed.reason as Failure["reason"], message: failed.message },
        failures: [],
        sources: [],
        records: [],
        diagnostics: [],
        ...(failed.endTime && { endTime: failed.endTime }),
      };
      known.set(failed.attempt, {
        ...told,
        ...(failed.exitCode !== undefined && { exitCode: failed.exitCode }),
        ...(failed.node && { node: failed.node }),
      });
    }
    const estimatedSeconds = handed?.estimatedSeconds ?? last?.planned?.seconds;
    return {
      name,
      family: handed?.family ?? last?.engine.family ?? name.replace(/-[0-9]+$/, ""),
      result: surely ?? (last ? unitResultOf(last) : "Unknown"),
      sources: last?.wanted?.sources ?? handed?.sources ?? [],
      outputs: last?.wanted?.outputs ?? handed?.outputs ?? [],
      ...(last?.planned && { pool: last.planned.pool }),
      ...(estimatedSeconds !== undefined && { estimatedSeconds }),
      attempts: [...known.values()].toSorted(byAttempt),
    };
  });
}

/** By family, then by number: `image-2` before `image-10`. */
function inPlan(a: string, b: string): number {
  const [[familyA, numberA], [familyB, numberB]] = [a, b].map(
    (name) => [name.replace(/-[0-9]+$/, ""), Number(name.match(/-([0-9]+)$/)?.[1] ?? 0)] as const,
  ) as [readonly [string, number], readonly [string, number]];
  return familyA === familyB ? numberA - numberB : familyA < familyB ? -1 : 1;
}

const resultOf = ({ failure, counts }: Manifest): ReportedAttempt["result"] =>
  failure ? "Failed" : counts.failed > 0 ? "PartiallySucceeded" : "Succeeded";

/** Of a unit that is not tried again: what its last attempt has made stands, though a source failed it. */
const unitResultOf = (last: Manifest): ReportedUnit["result"] =>
  last.failure?.source !== undefined && last.counts.succeeded + last.counts.skipped > 0
    ? "PartiallySucceeded"
    : resultOf(last);

function attemptOf(manifest: Manifest): ReportedAttempt {
  const { attempt, startTime, endTime, failure, failures, limits, usage, engine, manifestUri } = manifest;
  return {
    attempt,
    result: resultOf(manifest),
    ...(startTime && { startTime }),
    ...(endTime && { endTime }),
    ...(failure && { failure }),
    failures,
    ...(limits && { limits }),
    usage,
    engine: engine.versions,
    sources: manifest.sources,
    records: manifest.records,
    diagnostics: manifest.diagnostics,
    ...(manifestUri && { manifestUri }),
  };
}

/** Each file once, as the last attempt that knew it tells; one that was kept is told as it was made. */
function outputsOf(
  units: readonly ReportedUnit[],
  byUnit: ReadonlyMap<string, readonly Manifest[]>,
): Report["outputs"] {
  const files = new Map<string, Report["outputs"][number]>();
  for (const { name } of units) {
    for (const { unit, attempt, outputs } of byUnit.get(name)?.toSorted(byAttempt) ?? []) {
      for (const made of outputs) {
        const before = files.get(made.uri);
        const again = made.phase === "Skipped" && before?.phase === "Succeeded";
        if (!again) files.set(made.uri, { ...made, unit, attempt });
      }
    }
  }
  return [...files.values()];
}

function failuresOf(
  units: readonly ReportedUnit[],
  last: ReadonlyMap<string, Manifest | undefined>,
  { failures: handed }: Finalizing["finalize"],
): Report["failures"] {
  return units.flatMap(({ name, result, attempts }) => {
    if (result === "Succeeded") return [];
    const manifest = last.get(name);
    const listed = handed.filter(({ unit }) => unit === name);
    const newer = (attempts.at(-1)?.attempt ?? 0) > (manifest?.attempt ?? 0); // the last attempt left no manifest
    if (!manifest || newer) {
      return listed.map(({ class: failureClass, reason, ...rest }) => ({
        ...rest,
        class: failureClass,
        reason: reason as Failure["reason"],
      }));
    }
    const own = manifest.failures.length ? manifest.failures : manifest.failure ? [manifest.failure] : [];
    return own.map((failure) => ({ ...failure, unit: name, attempt: manifest.attempt }));
  });
}

function warningsOf(
  manifests: readonly (Manifest | undefined)[],
  { warnings: handed }: Finalizing["finalize"],
): Report["warnings"] {
  const own = manifests.flatMap((manifest) =>
    (manifest?.warnings ?? []).map((warning) => ({ ...warning, unit: manifest?.unit })),
  );
  const keyOf = ({ source, output, reason, message }: Report["warnings"][number]) =>
    [source, output, reason, message.slice(0, 300)].join("\0");
  const known = new Set(own.map(keyOf));
  return [...own, ...handed.filter((warning) => !known.has(keyOf(warning)))];
}

/** Of a MediaJob whose only unit writes the report. */
function ownOutcome(units: readonly ReportedUnit[], failures: Report["failures"]): Report["outcome"] {
  const result = units[0]?.result;
  if (result === "Succeeded") return { phase: result, reason: result, message: "its unit succeeded" };
  const message = `${failures.length} failures; see failures`;
  return result === "PartiallySucceeded"
    ? { phase: result, reason: result, message }
    : { phase: "Failed", reason: "UnitsFailed", message };
}

function total(usages: readonly Usage[]): Usage {
  const sum = (field: keyof Usage) => usages.reduce((total, usage) => total + usage[field], 0);
  return {
    wallSeconds: hundredths(sum("wallSeconds")),
    cpuSeconds: hundredths(sum("cpuSeconds")),
    peakMemoryBytes: Math.max(0, ...usages.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    bytesIn: sum("bytesIn"),
    bytesOut: sum("bytesOut"),
  };
}

const hundredths = (seconds: number) => Math.round(seconds * 100) / 100;
