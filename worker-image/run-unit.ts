import { mkdir } from "node:fs/promises";
import { familyOf, type Output } from "../crds/outputs/output.ts";
import type { Diagnostic } from "../crds/report.ts";
import {
  FACT_COLUMNS,
  type Failure,
  type MadeOutput,
  type SourceFacts,
  type UnitResult,
  type Warning,
} from "../crds/result.ts";
import type { Unit } from "../crds/unit.ts";
import { diagnosticOf } from "./diagnostics.ts";
import type { Engine, EngineContext, OpenedSource } from "./engine.ts";
import { ENGINES } from "./engines.ts";
import { log } from "./log.ts";
import type { Manifest } from "./manifest.ts";
import { conclude, type Ledger } from "./outcome.ts";
import { MediaRecords } from "./probe/media-records.ts";
import { progressReporter, progressSink } from "./progress.ts";
import { watchScratch } from "./scratch-watch.ts";
import { watchForStall } from "./stall-watch.ts";
import { VolumeDestination } from "./storage/destination.ts";
import { readSecret } from "./storage/secret.ts";
import { openVolumeSource } from "./storage/volume.ts";
import type { Surroundings } from "./surroundings.ts";
import { UsageMeter } from "./usage.ts";
import { failureOf, WorkFailure } from "./work-failure.ts";

/** How long an engine may take to stop. The kubelet kills soon after; what is left is swept without it. */
const STOP_MS = 3_500;

export interface EndedUnit {
  result: UnitResult;
  exitCode: number;
  /** False when an engine still had threads at work; the process must end without waiting for them. */
  idle: boolean;
}

/**
 * One attempt of one unit, from opening the destination to the result. It never throws: whatever goes wrong
 * is told in the result, and nothing but finished files, the journal and the manifest is left behind.
 */
export async function runUnit(
  unit: Unit,
  { surroundings, signal: stopped }: { surroundings: Surroundings; signal: AbortSignal },
): Promise<EndedUnit> {
  const usage = new UsageMeter();
  const made: MadeOutput[] = [];
  const failures: Failure[] = [];
  const warnings: Warning[] = [];
  const records: Record<string, unknown>[] = [];
  const diagnostics: Diagnostic[] = [];
  const opened: OpenedSource[] = [];
  const startTime = now();
  let readyTime: string | undefined;
  let neededMemoryBytes: number | undefined;
  let found: readonly SourceFacts[] | undefined;
  const media = new MediaRecords();
  let fatal: Failure | undefined;
  let idle = true;
  let destination: VolumeDestination | undefined;
  let versions: Record<string, string> = {};

  const reporter = progressReporter(unit, progressSink(surroundings.progress, surroundings));
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(overdue(unit)), unit.limits.timeoutSeconds * 1000);
  const stall = new AbortController();
  const full = new AbortController();
  const signal = AbortSignal.any([stopped, deadline.signal, stall.signal, full.signal]);
  let fraction = 0;
  const endWatch = watchForStall(unit.limits.stallSeconds * 1000, {
    signs: () => ({ fraction, cpuSeconds: usage.cpuSeconds() }),
    onStall: (stillMs) => stall.abort(standingStill(unit, stillMs)),
  });
  const endScratchWatch = watchScratch(surroundings.scratchDir, {
    limitBytes: unit.limits.scratchBytes,
    onFull: (usedBytes) => full.abort(outOfScratch(unit, usedBytes)),
  });

  try {
    reporter.report("validation", 0);
    const engine = await engineOf(unit);
    versions = await engine.versions();
    await mkdir(surroundings.scratchDir, { recursive: true });
    destination = await VolumeDestination.open(unit, { volumeRoot: surroundings.volumeRoot, versions });
    const { stagingDir } = destination;
    const published = destination;
    const context: EngineContext = {
      unit,
      limits: unit.limits,
      signal,
      scratchDir: surroundings.scratchDir,
      stagingDir,
      handover: published.handover,
      async openSource(source) {
        const file = await openVolumeSource(source, surroundings.volumeRoot);
        usage.bytesIn += file.bytes;
        opened.push(file);
        published.noteRead(file);
        return file;
      },
      probe: ({ path }) => media.of(path, signal),
      readSecret(ref) {
        published.reuse.forget(); // what a Secret holds can be known by nothing that is kept
        return readSecret(ref, surroundings.secretRoot);
      },
      async findMade(product) {
        const found = await published.findMade(product);
        if (found) made.push(found);
        return found;
      },
      isMade: async (product) => (await published.findMade(product, { isTaken: false })) !== undefined,
      async publish(stagedPath, product, facts) {
        signal.throwIfAborted();
        const output = await published.publish(stagedPath, product, facts);
        usage.bytesOut += output.phase === "Succeeded" ? (output.bytes ?? 0) : 0;
        made.push(output);
        return output;
      },
      async withdraw(product) {
        signal.throwIfAborted();
        await published.withdraw(product);
      },
      progress(stage, share, extra) {
        fraction = Math.max(fraction, share);
        reporter.report(stage, share, extra);
      },
      found(facts) {
        found = facts;
      },
      warn(warning) {
        log.warn(warning, "warned");
        warnings.push(warning);
      },
      fail(error, subject) {
        signal.throwIfAborted(); // what breaks because it was stopped is no failure of its own
        const failure = failureOf(error, subject);
        neededMemoryBytes = larger(neededMemoryBytes, error);
        log.error({ ...failure, ...(failure.class === "internal" && { err: error }) }, "failed");
        failures.push(failure);
        diagnostics.push(...diagnosticOf(error, failure));
      },
      watchChild: (pid) => usage.watchChild(pid),
      record: (entry) => records.push(entry),
    };
    readyTime = now();
    idle = false;
    const long = await longSource(context, surroundings);
    if (long) found = [long];
    else await endsOrIsAbandoned(engine.run(context), signal);
    idle = true;
    signal.throwIfAborted();
    const known = new Set(made.map(({ uri }) => uri));
    made.push(...destination.reuse.files().filter(({ uri }) => !known.has(uri)));
    await rememberMade(destination, { opened, failures });
  } catch (error) {
    if (error instanceof Abandoned) fatal = failureOf(signal.reason);
    else {
      idle = true;
      fatal = failureOf(signal.aborted ? signal.reason : error);
      neededMemoryBytes = larger(neededMemoryBytes, error);
    }
    diagnostics.push(...diagnosticOf(error, fatal));
    log.error({ ...fatal, ...(fatal.class === "internal" && { err: error }) }, "attempt failed");
  }
  clearTimeout(timer);
  endWatch();
  endScratchWatch();

  const ledger: Ledger = { made, failures, fatal, warnings, neededMemoryBytes };
  const concluded = (manifestUri?: string): ReturnType<typeof conclude> => {
    const { result, exitCode } = conclude(unit, ledger, { usage: usage.read(), manifestUri });
    return { result: { ...result, ...(found && { facts: found.map(asRow) }) }, exitCode };
  };
  let ended = concluded(destination?.manifestUri);
  try {
    await destination?.settle();
    destination?.discard();
    await destination?.writeManifest({
      ...ended.result,
      job: unit.job,
      startTime,
      ...(readyTime && { readyTime }),
      endTime: now(),
      wanted: { sources: namesOf(unit.sources), outputs: namesOf(unit.outputs) },
      ...(unit.planned && { planned: unit.planned }),
      limits: unit.limits,
      engine: { family: unit.family, versions },
      sources: opened.map(({ source, bytes, identity }) => ({ name: source.name, bytes, identity })),
      records,
      diagnostics,
    } satisfies Manifest);
  } catch (error) {
    log.warn({ err: error }, "manifest not written");
    ended = concluded();
  }
  if (unit.finalize && destination && !found)
    ended = await finalized(ended, { unit, destination, ledger, usage });
  destination?.sweep();
  if (ended.exitCode === 0) reporter.report("finalization", 1);
  await reporter.close();
  return { ...ended, idle };
}

/**
 * What the source of a unit is that is too long to be made whole; undefined when it is not, or when it is broken: then
 * the engine says so of its output.
 */
async function longSource(
  { unit, probe, signal }: EngineContext,
  { volumeRoot }: Surroundings,
): Promise<SourceFacts | undefined> {
  const { wholeUpToSeconds, sources } = unit;
  const [source] = sources;
  if (wholeUpToSeconds === undefined || !source) return undefined;
  const { factsOf } = await import("./probe/facts-engine.ts");
  const facts = await openVolumeSource(source, volumeRoot)
    .then(async (file) => factsOf(await probe(file), file))
    .catch(() => undefined);
  signal.throwIfAborted();
  return facts?.seekable && (facts.durationSeconds ?? 0) > wholeUpToSeconds ? facts : undefined;
}

/**
 * The end of a unit that finalized as well. That finalizing failed is the failure of a unit which does nothing else.
 * One whose outputs are made leaves it to such a unit, which follows where no report is told of.
 */
async function finalized(
  { result, exitCode }: { result: UnitResult; exitCode: number },
  {
    unit,
    destination,
    ledger,
    usage,
  }: { unit: Unit; destination: VolumeDestination; ledger: Ledger; usage: UsageMeter },
): Promise<{ result: UnitResult; exitCode: number }> {
  try {
    const { finalizeJob } = await import("./finalize/finalize.ts"); // few units are the last
    const reportUri = await finalizeJob(unit, destination);
    return { result: { ...result, ...(reportUri && { reportUri }) }, exitCode };
  } catch (error) {
    const failure = failureOf(error);
    log.error({ ...failure, err: error }, "finalizing failed");
    if (unit.family === "finalize" && exitCode === 0) {
      return conclude(unit, { ...ledger, fatal: failure }, { usage: usage.read() });
    }
    return { result, exitCode };
  }
}

const now = () => new Date().toISOString();

/** That it cannot be remembered costs another MediaJob some work, and this one nothing. */
async function rememberMade(
  destination: VolumeDestination,
  known: { opened: readonly OpenedSource[]; failures: readonly Failure[] },
): Promise<void> {
  await destination.reuse
    .remember(known)
    .catch((error) => log.warn({ err: error }, "what was made is not remembered"));
}

const asRow = (facts: SourceFacts): (number | null)[] => FACT_COLUMNS.map((column) => facts[column] ?? null);

const namesOf = (items: readonly { name: string }[]): string[] => items.map(({ name }) => name);

async function engineOf(unit: Unit): Promise<Engine> {
  const stray = unit.outputs.find((output) => familyOf(output as Output) !== unit.family);
  if (stray) {
    throw new WorkFailure("InvalidUnit", `output ${stray.name} is not of the unit's family ${unit.family}`);
  }
  const load = ENGINES[unit.family];
  if (!load) throw new WorkFailure("InvalidUnit", `this worker has no engine for the family ${unit.family}`);
  return await load();
}

/** The larger of what is known and what an error tells. */
function larger(known: number | undefined, error: unknown): number | undefined {
  const told = error instanceof Error && "neededMemoryBytes" in error ? Number(error.neededMemoryBytes) : 0;
  return told > (known ?? 0) ? told : known;
}

class Abandoned extends Error {}

/** Waits for the engine; once stopped it has STOP_MS to end by itself. */
async function endsOrIsAbandoned(run: Promise<void>, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const abandoned = new Promise<never>((_, reject) => {
    const start = () => {
      timer = setTimeout(() => reject(new Abandoned()), STOP_MS);
    };
    if (signal.aborted) start();
    else signal.addEventListener("abort", start, { once: true });
  });
  try {
    await Promise.race([run, abandoned]);
  } finally {
    clearTimeout(timer);
  }
}

const standingStill = ({ name }: Unit, stillMs: number) =>
  new WorkFailure(
    "Stalled",
    `unit ${name} made no progress and used no processor for ${Math.round(stillMs / 1000)} s; a volume may hang`,
  );

const overdue = ({ name, limits }: Unit) =>
  new WorkFailure(
    "DeadlineExceeded",
    `unit ${name} took longer than the ${limits.timeoutSeconds} s it may; raise spec.unitTimeoutSeconds`,
  );

const outOfScratch = ({ name, limits }: Unit, usedBytes: number) =>
  new WorkFailure(
    "DiskFull",
    `unit ${name} has ${mebi(usedBytes)} in its scratch directory, and may have ${mebi(limits.scratchBytes)}; ask for fewer or smaller frames at once, or let a pool give more (perUnit.scratch)`,
  );

const mebi = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)}Mi`;
