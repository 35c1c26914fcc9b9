import { isTerminal, type MediaJobStatus, type Phase } from "../../../crds/media-job-status.ts";
import { allFailures, type Failure, type UnitResult } from "../../../crds/result.ts";
import { counted } from "../counted.ts";
import { isRetried } from "../is-over.ts";
import { encodeLedger } from "../ledger.ts";
import { isAuxiliary, onlyProbes, type Plan, type PlannedUnit } from "../plan/plan.ts";
import { CIRCUIT_OPEN } from "../queue/breaker.ts";
import { shortened } from "../shortened.ts";
import { timestampOf } from "../timestamp.ts";
import { generationOf, type ObservedAttempt } from "./attempt.ts";
import { conditionsOf } from "./conditions.ts";
import type { Action, Observation } from "./decision.ts";
import { failedAttempts } from "./failed-attempts.ts";
import { type FoldedUnit, reusedBy } from "./fold-units.ts";
import { historyOf, runningSeconds } from "./history.ts";
import type { Intent } from "./intent.ts";
import { countLetters, type PhaseVerdict } from "./phase.ts";
import { progressOf } from "./progress.ts";
import type { SourceCounts } from "./source-counts.ts";
import type { Starts } from "./start-attempts.ts";
import type { Trouble } from "./trouble.ts";
import { UNIT_LETTERS, type UnitLetter, type UnitState } from "./unit-state.ts";

/** Bounds of the lists in status; the full truth is in the manifests at the destination. */
const MAX_OUTPUTS = 100;
const MAX_FAILURES = 20;
const MAX_WARNINGS = 20;
const MAX_TEXT = 1024;

/**
 * The status that is true after this pass. Results of units that ended since the last one are taken in
 * exactly once, guarded by the ledger; all else is computed anew.
 */
export function statusOf({
  observation,
  plan,
  units,
  sources,
  phase: verdict,
  starts,
  intent,
  trouble,
}: {
  observation: Observation;
  plan: Plan;
  units: readonly FoldedUnit[];
  sources: SourceCounts;
  phase: PhaseVerdict;
  starts: Starts;
  intent: Intent;
  trouble: Trouble | undefined;
}): MediaJobStatus {
  const { job, nowMs } = observation;
  const previous = job.status ?? {};
  const now = timestampOf(nowMs);
  const fresh = units.filter((folded) => folded.fresh);
  const terminal = isTerminal(verdict.phase);
  const begun =
    verdict.phase !== "Queued" &&
    (starts.actions.length > 0 || observation.attempts.some(({ suspended }) => !suspended));
  const startTime = previous.startTime ?? (begun ? now : undefined);
  const queue = queueOf(starts, intent, observation);
  const tried = failedAttempts(observation.attempts, previous.attempts ?? []);
  const generation = job.metadata.generation;
  const history = historyOf(previous, verdict, { now, stopping: intent.stop !== undefined });
  const isNewRun = !terminal && isRetried(job);
  const reportUri = reportUriOf(fresh) ?? previous.reportUri;
  const isOverAsBefore = verdict.phase === previous.phase && fresh.length === 0;

  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase: verdict.phase,
    conditions: conditionsOf({
      verdict,
      trouble: terminal ? undefined : (trouble ?? starts.rejectedBy ?? circuitOf(starts)),
      plannedMessage: onlyProbes(plan)
        ? undefined
        : `${counted(units.length, "unit")} from ${counted(job.spec.sources.length, "source")}`,
      previous: previous.conditions ?? [],
      generation,
      now,
    }),
    history,
    ...(startTime && { startTime }),
    ...(terminal && { completionTime: (isOverAsBefore && previous.completionTime) || now }),
    progress: progressOf({
      plan,
      units,
      reports: observation.progress,
      previous: isNewRun ? undefined : previous.progress,
      elapsedSeconds: startTime && verdict.phase === "Running" ? runningSeconds(history, nowMs) : null,
      ended: terminal ? (isGood(verdict.phase) ? "Well" : "Badly") : undefined,
    }),
    units: unitCounts(units, starts),
    sources,
    ...(queue && { queue }),
    ...listsOf(fresh, job.spec.sources, previous, starts),
    ...(tried.length && { attempts: tried }),
    ...usageOf(attemptsAt(fresh, observation), previous),
    ...reusedOf(fresh, previous),
    retryGeneration: job.spec.retryGeneration,
    ...(reportUri && { reportUri }),
    ...(previous.eventSequence !== undefined && { eventSequence: previous.eventSequence }),
    ...(previous.webhooks && { webhooks: previous.webhooks }),
  };
}

/** What fails for many is no queue: nothing comes along before a person repairs it, or a probe shows that it is gone. */
const circuitOf = ({ pausedBy }: Starts): Trouble | undefined =>
  pausedBy?.reason === CIRCUIT_OPEN ? pausedBy : undefined;

const isGood = (phase: Phase): boolean => phase === "Succeeded" || phase === "PartiallySucceeded";

function queueOf(starts: Starts, intent: Intent, seen: Observation): MediaJobStatus["queue"] {
  if (intent.suspended && !intent.stop) {
    const waits = starts.units.some(({ state }) => state.state === "Waiting" || state.state === "Held");
    return waits ? { reason: "Suspended", message: "spec.suspend is set" } : undefined;
  }
  if (starts.pausedBy) {
    const { reason, message } = starts.pausedBy;
    return { reason, message: shortened(message, MAX_TEXT) };
  }
  if (starts.rejectedBy && starts.actions.length === 0) {
    const { reason, message } = starts.rejectedBy;
    return { reason, message: shortened(message, MAX_TEXT) };
  }
  if (starts.waitingFor.size) {
    const waits = [...starts.waitingFor].map(
      ([pool, units]) =>
        `${counted(units, "unit waits", "units wait")} for room in pool ${pool}${keptFor(pool, seen)}`,
    );
    const { reason, why } = fullFor(starts, seen);
    return { position: seen.position, reason, message: shortened(`${waits.join(", ")}${why}`, MAX_TEXT) };
  }
  if (starts.gatedBy && starts.actions.length === 0) {
    const message = `waits until fewer retries after failures of class ${starts.gatedBy} run`;
    return { reason: "RetriesLimited", message };
  }
  if (starts.nextStartMs !== null && starts.actions.length === 0) {
    const until = timestampOf(Math.ceil(starts.nextStartMs / 1000) * 1000);
    return {
      reason: "BackingOff",
      message: `waits until ${until} before the next attempt; see status.attempts`,
    };
  }
  return undefined;
}

const keptFor = (pool: string, { keptFor }: Observation): string =>
  keptFor?.has(pool) ? `, which keeps it for MediaJob ${keptFor.get(pool)}` : "";

/** Which cap leaves no room; a pool's own where none is full that pools share. */
function fullFor({ actions }: Starts, { shared }: Observation): { reason: string; why: string } {
  if (shared && shared.ofNamespace <= actions.length)
    return {
      reason: "NamespaceFull",
      why: "; the namespace runs as many as concurrencyPerNamespace allows",
    };
  if (shared && shared.ofOperator <= actions.length)
    return { reason: "OperatorFull", why: "; the operator runs as many as concurrency allows" };
  return { reason: "PoolFull", why: "" };
}

function unitCounts(units: readonly FoldedUnit[], starts: Starts): NonNullable<MediaJobStatus["units"]> {
  const count = countLetters(units);
  const ended = units.filter(({ state }) => state.state === "Ended").length;
  const running = units.filter(({ state }) => state.state === "Running").length + starts.actions.length;
  return {
    total: units.length,
    pending: units.length - ended - running,
    running,
    succeeded: count.done,
    failed: count.failed,
    cancelled: count.cancelled,
    ledger: encodeLedger(units.map(({ state }) => letterOf(state))),
    done: `${ended}/${units.length}`,
  };
}

function letterOf(state: UnitState): UnitLetter {
  if (state.state === "Ended") return state.letter;
  return state.state === "Held" ? UNIT_LETTERS.held : UNIT_LETTERS.open;
}

function listsOf(
  fresh: readonly FoldedUnit[],
  sources: readonly { name: string }[],
  previous: MediaJobStatus,
  { actions, units }: Starts,
): Pick<MediaJobStatus, "outputs" | "failures" | "warnings"> {
  const results = fresh.flatMap(({ state }) =>
    state.state === "Ended" && state.result ? [state.result] : [],
  );
  // A unit that is tried again will speak for itself.
  const again = units.filter(({ state, fresh }) => fresh || state.state !== "Ended").map(({ unit }) => unit);
  const speaking = new Set(again.map(({ name }) => name));
  const untold = again.filter(isAuxiliary).map(beginningOfWarning);
  const outputs = [...(previous.outputs ?? []), ...results.flatMap(({ outputs }) => outputs)];
  const failures = [
    ...(previous.failures ?? []).filter(({ unit }) => !speaking.has(unit)),
    ...fresh.filter(({ unit }) => !isAuxiliary(unit)).flatMap((folded) => failuresOf(folded, sources)),
  ];
  const warnings = [
    ...(previous.warnings ?? []).filter(({ message }) => !untold.some((text) => message.startsWith(text))),
    ...results.flatMap(({ warnings }) => warnings),
    ...fresh.filter(({ unit }) => isAuxiliary(unit)).flatMap(failureAsWarning),
    ...actions.flatMap(fallbackAsWarning),
  ].map((warning) => ({ ...warning, message: shortened(warning.message, MAX_TEXT) }));
  return {
    ...(outputs.length && { outputs: latestOf(outputs).slice(0, MAX_OUTPUTS) }),
    ...(failures.length && { failures: failures.slice(0, MAX_FAILURES) }),
    ...(warnings.length && { warnings: unique(warnings).slice(0, MAX_WARNINGS) }),
  };
}

function reusedOf(
  fresh: readonly FoldedUnit[],
  { reusedOutputs: before = 0 }: MediaJobStatus,
): Pick<MediaJobStatus, "reusedOutputs"> {
  const reusedOutputs = fresh.reduce((sum, folded) => sum + reusedBy(folded), before);
  return reusedOutputs > 0 ? { reusedOutputs } : {};
}

function failureAsWarning({ unit, state }: FoldedUnit): NonNullable<MediaJobStatus["warnings"]> {
  if (state.state !== "Ended" || !state.failure) return [];
  const { reason, message } = state.failure;
  return [{ reason, message: `${beginningOfWarning(unit)}${message}` }];
}

const beginningOfWarning = ({ name }: PlannedUnit): string => `unit ${name} failed, all outputs stand: `;

const unique = <Item>(items: readonly Item[]): Item[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];

const fallbackAsWarning = (action: Action): NonNullable<MediaJobStatus["warnings"]> =>
  action.do === "StartAttempt" && action.withoutGpuBecause
    ? [{ reason: "RunsWithoutGpu", message: `unit ${action.unit.name}: ${action.withoutGpuBecause}` }]
    : [];

const reportUriOf = (fresh: readonly FoldedUnit[]): string | undefined =>
  fresh
    .map(({ state }) => (state.state === "Ended" ? state.result?.reportUri : undefined))
    .findLast((uri) => uri !== undefined);

type Outputs = NonNullable<MediaJobStatus["outputs"]>;

/** One entry per file, the latest. An output may be several files: the widths of a set, a stream's playlists. */
const latestOf = (outputs: Outputs): Outputs => [
  ...new Map(outputs.map((made) => [made.uri, made])).values(),
];

function failuresOf(
  { unit, state }: FoldedUnit,
  sources: readonly { name: string }[],
): NonNullable<MediaJobStatus["failures"]> {
  if (state.state !== "Ended") return [];
  const onlySource = unit.sources.length === 1 ? sources[unit.sources[0] ?? 0]?.name : undefined;
  const entry = (failure: Failure) => ({
    unit: unit.name,
    ...((failure.source ?? onlySource) && { source: failure.source ?? onlySource }),
    ...(failure.output && { output: failure.output }),
    ...(state.attempt > 0 && { attempt: state.attempt }),
    class: failure.class,
    reason: failure.reason,
    message: shortened(failure.message, MAX_TEXT),
  });
  const { failure, result } = state;
  const listed = result?.failures ?? [];
  // What asked for more memory than it may have gets no other attempt, and it is no more the worker who says why.
  const refused = failure?.reason === "NoPoolFits" && listed.some((each) => each.class === "memory");
  if (refused) return listed.map((each) => entry(each.class === "memory" ? { ...each, ...failure } : each));
  return allFailures(failure, listed).map(entry);
}

/**
 * The attempts at units that ended just now which left a result: those of this retryGeneration, since the ones before were
 * counted with the end that they led to, and the one that ended it, of whichever.
 */
function attemptsAt(
  fresh: readonly FoldedUnit[],
  { attempts, job }: Observation,
): (ObservedAttempt & { result: UnitResult })[] {
  const last = new Map(fresh.map(({ unit, state }) => [unit.name, "attempt" in state ? state.attempt : 0]));
  return attempts.flatMap((each) =>
    each.result &&
    last.has(each.unit) &&
    (generationOf(each.attempt) === job.spec.retryGeneration || each.attempt === last.get(each.unit))
      ? [{ ...each, result: each.result }]
      : [],
  );
}

function usageOf(
  attempts: readonly (ObservedAttempt & { result: UnitResult })[],
  previous: MediaJobStatus,
): Pick<MediaJobStatus, "usage"> {
  if (!attempts.length) return previous.usage ? { usage: previous.usage } : {};
  const before = previous.usage ?? {
    cpuSeconds: 0,
    gpuSeconds: 0,
    peakMemoryBytes: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  const used = attempts.map(({ result }) => result.usage);
  const sum = (value: (usage: UnitResult["usage"]) => number) =>
    used.reduce((total, usage) => total + value(usage), 0);
  const onGpu = attempts.filter(({ gpu }) => gpu);
  return {
    usage: {
      cpuSeconds: hundredths(before.cpuSeconds + sum(({ cpuSeconds }) => cpuSeconds)),
      gpuSeconds: hundredths(
        before.gpuSeconds + onGpu.reduce((total, { result }) => total + result.usage.wallSeconds, 0),
      ),
      peakMemoryBytes: Math.max(
        before.peakMemoryBytes,
        ...used.map(({ peakMemoryBytes }) => peakMemoryBytes),
      ),
      bytesIn: before.bytesIn + sum(({ bytesIn }) => bytesIn),
      bytesOut: before.bytesOut + sum(({ bytesOut }) => bytesOut),
    },
  };
}

const hundredths = (seconds: number) => Math.round(seconds * 100) / 100;
