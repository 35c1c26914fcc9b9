/** What a worker does in its pod: how long it takes, what it reports, and what it leaves behind. */
import {
  FAILURE_CLASSES,
  FAILURE_REASONS,
  type FailureClass,
  type FailureReason,
} from "../../../crds/failures.ts";
import type { Failure, UnitResult } from "../../../crds/result.ts";
import type { Prng } from "../prng.ts";
import type { FateName } from "../scenario.ts";

/** What will become of an attempt, unless something ends it first. */
export interface Fate {
  readonly name: FateName;
  /** Infinity: never. */
  readonly durationMs: number;
  readonly exitCode: number;
  /** As the kubelet says it. */
  readonly reason: string;
  /** The termination message. */
  readonly message?: string;
  /** Its source is long and it makes nothing of it. */
  readonly leftToParts: boolean;
  /** In what part of its grace period it ends when it is told to; 1: it is killed at the end of it. */
  readonly stopsAfter: number;
}

export interface Attempt {
  readonly unit: string;
  /** How many sources the unit has. */
  readonly sources: number;
  /** Leaves a longer source to parts. */
  readonly wholeUpToSeconds?: number | undefined;
  /** Writes the report before it ends, unless it is killed. */
  readonly reports: boolean;
  readonly attempt: number;
  readonly memoryBytes: number;
}

/** Passing failures, and those that an attempt can end with by its own word. */
const PASSING = (Object.keys(FAILURE_CLASSES) as FailureClass[]).filter(
  (name) => FAILURE_CLASSES[name].retried && name !== "memory",
);

const reasonsOf = (failureClass: FailureClass): FailureReason[] =>
  (Object.keys(FAILURE_REASONS) as FailureReason[]).filter(
    (reason) => FAILURE_REASONS[reason] === failureClass,
  );

/** @param ofUnit draws what stays the same for every attempt at the unit */
export function drawFate(
  attempt: Attempt,
  {
    ofAttempt,
    ofUnit,
    weights,
  }: { ofAttempt: Prng; ofUnit: Prng; weights: Readonly<Record<FateName, number>> },
): Fate {
  const end = attempt.attempt % 100 > 20 ? "succeeds" : ofAttempt.weighted(weights);
  const name = end === "partly" && !makesOutputs(attempt.unit) ? "succeeds" : end;
  const durationMs = Math.round(ofAttempt.skewed(300, 20_000));
  const bytesOut = ofAttempt.int(1, 1000);
  const plain = { name, durationMs, stopsAfter: ofAttempt.chance(0.1) ? 1 : ofAttempt.next() };
  const drawn = drawFacts(attempt.sources, ofUnit.fork("facts"));
  const isLong = (drawn[0]?.[0] ?? 0) > (attempt.wholeUpToSeconds ?? Number.POSITIVE_INFINITY);
  const base = { ...plain, leftToParts: isLong };
  const done = { exitCode: 0, reason: "Completed" };
  const died = (exitCode: number) => ({ exitCode, reason: "Error" });
  const failed = (failureClass: FailureClass, needs?: number) => {
    const reason = ofAttempt.pick(reasonsOf(failureClass));
    return {
      ...died(FAILURE_CLASSES[failureClass].exitCode),
      message: written(attempt, {
        failure: { class: failureClass, reason, message: `${reason}, says the model` },
        ...(needs && { needs: { memoryBytes: needs } }),
      }),
    };
  };
  const facts = (attempt.unit.startsWith("probe-") || isLong) && drawn;
  const success = { ...base, ...done, message: written(attempt, { bytesOut, ...(facts && { facts }) }) };
  const neededBytes = Math.round(2 ** 30 * ofUnit.pick([1.5, 2, 4, 12]));
  switch (name) {
    case "succeeds":
      return success;
    case "silent":
      return { ...base, ...done };
    case "partly":
      return { ...base, ...done, message: written(attempt, { bytesOut, partly: true }) };
    case "inputFails":
      return { ...base, ...failed("input") };
    case "fails": {
      const fate = failed(ofAttempt.pick(PASSING));
      if (ofAttempt.chance(0.3)) return { ...base, ...died(fate.exitCode), message: "not JSON at all" };
      return { ...base, ...fate };
    }
    case "crashes":
      return { ...base, ...died(ofAttempt.pick([1, 134, 139, 255])) };
    case "outOfMemory":
      if (attempt.memoryBytes >= neededBytes) return success;
      return { ...base, exitCode: 137, reason: "OOMKilled" };
    case "asksForMemory":
      return attempt.memoryBytes >= neededBytes ? success : { ...base, ...failed("memory", neededBytes) };
    case "hangs":
      return { ...base, ...died(137), durationMs: Number.POSITIVE_INFINITY };
  }
}

/** What is left of a process that was told to end: it ended in time and said so, or it was killed. */
export function stoppedExit(attempt: Attempt, fate: Fate): Pick<Fate, "exitCode" | "reason" | "message"> {
  if (fate.stopsAfter >= 1) return { exitCode: 137, reason: "Error" };
  const failure = { class: "disruption", reason: "Terminated", message: "SIGTERM, says the model" } as const;
  return {
    exitCode: FAILURE_CLASSES.disruption.exitCode,
    reason: "Error",
    message: written(attempt, { failure }),
  };
}

const makesOutputs = (unit: string): boolean => !/^(finalize|probe|part)/.test(unit);

/** Sources of all lengths: some are made in parts, and of some nothing is known. */
function drawFacts(sources: number, random: Prng): NonNullable<UnitResult["facts"]> {
  return Array.from({ length: sources }, () => [
    random.chance(0.2) ? null : random.pick([5, 100, 130, 200]),
    ...[640, 360, 25, 1, 1_000_000],
  ]);
}

interface Content {
  failure?: Failure;
  needs?: { memoryBytes: number };
  partly?: boolean;
  bytesOut?: number;
  facts?: NonNullable<UnitResult["facts"]>;
}

const CORRUPT = { class: "input", reason: "SourceCorrupt", message: "it ends early" } as const;

function written(
  { unit, attempt, reports }: Attempt,
  { failure, needs, partly, facts, bytesOut = 0 }: Content,
): string {
  const source = `s${unit.replace(/^\D+/, "")}`;
  const [output, file] = unit.startsWith("audio") ? ["sound", "sound.m4a"] : ["web", "web.mp4"];
  const well = !failure && !partly;
  const made = well && makesOutputs(unit) && !facts;
  const result: UnitResult = {
    version: "v1",
    unit,
    attempt,
    ...(failure && { failure }),
    ...(needs && { needs }),
    ...(facts && { facts }),
    counts: { succeeded: made ? 1 : 0, skipped: 0, failed: well ? 0 : 1 },
    outputs: made
      ? [{ source, output, phase: "Succeeded", uri: `volume://media/out/${source}/${file}` }]
      : [],
    failures: partly ? [{ ...CORRUPT, source, output }] : [],
    failedSources: partly ? [0] : [],
    warnings: [],
    ...(reports && !facts && { reportUri: "volume://media/out/job.report.json" }),
    usage: { wallSeconds: 1, cpuSeconds: 1, peakMemoryBytes: 1000, bytesIn: 0, bytesOut },
  };
  return JSON.stringify(result);
}
