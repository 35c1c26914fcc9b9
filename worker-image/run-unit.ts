import { mkdir } from "node:fs/promises";
import { familyOf, type Output } from "../crds/outputs/output.ts";
import type { SourceFacts } from "../crds/result.ts";
import type { Unit } from "../crds/unit.ts";
import { Account, type Conclusion } from "./account.ts";
import { watchAttempt } from "./attempt-watch.ts";
import type { Engine, EngineContext } from "./engine.ts";
import { engineContext } from "./engine-context.ts";
import { ENGINES } from "./engines.ts";
import { log } from "./log.ts";
import { conclude } from "./outcome.ts";
import { type ProgressReporter, progressReporter, progressSink } from "./progress.ts";
import { VolumeDestination } from "./storage/destination.ts";
import { openVolumeSource } from "./storage/volume.ts";
import type { Surroundings } from "./surroundings.ts";
import { failureOf, WorkFailure } from "./work-failure.ts";

/** How long an engine may take to stop. The kubelet kills soon after; what is left is swept without it. */
const STOP_MS = 3_500;

export interface EndedUnit extends Conclusion {
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
  const account = new Account(unit);
  const reporter = progressReporter(unit, progressSink(surroundings.progress, surroundings));
  const signs = () => ({ fraction: reporter.fraction(), cpuSeconds: account.usage.cpuSeconds() });
  const watch = watchAttempt(unit, { stopped, scratchDir: surroundings.scratchDir, signs });
  reporter.report("validation", 0);
  const { destination, idle } = await work(unit, { account, reporter, surroundings, signal: watch.signal });
  watch.end();
  const worked = await leaveManifest(destination, account);
  const isLast = unit.finalize && destination && !account.facts;
  const ended = isLast ? await finalized(worked, { unit, destination, account }) : worked;
  destination?.sweep();
  if (ended.exitCode === 0) reporter.report("finalization", 1);
  await reporter.close();
  return { ...ended, idle };
}

/** Lets the engine make the outputs. How that went is in the account; undefined is a destination that was not opened. */
async function work(
  unit: Unit,
  {
    account,
    reporter,
    surroundings,
    signal,
  }: { account: Account; reporter: ProgressReporter; surroundings: Surroundings; signal: AbortSignal },
): Promise<{ destination: VolumeDestination | undefined; idle: boolean }> {
  let destination: VolumeDestination | undefined;
  try {
    const engine = await engineOf(unit);
    account.versions = await engine.versions();
    const { scratchDir, volumeRoot } = surroundings;
    await mkdir(scratchDir, { recursive: true });
    destination = await VolumeDestination.open(unit, { volumeRoot, versions: account.versions });
    const context = engineContext(unit, { account, destination, reporter, surroundings, signal });
    account.isReady();
    const long = await longSource(context, surroundings);
    if (long) account.facts = [long];
    else await endsOrIsAbandoned(engine.run(context), signal);
    signal.throwIfAborted();
    await countReused(destination, account);
    return { destination, idle: true };
  } catch (error) {
    account.endedBy(error, signal);
    return { destination, idle: !(error instanceof Abandoned) };
  }
}

/** Files that stand there already are outputs, too. What was made is remembered for other MediaJobs. */
async function countReused({ reuse }: VolumeDestination, { made, opened, failures }: Account): Promise<void> {
  const known = new Set(made.map(({ uri }) => uri));
  made.push(...reuse.files().filter(({ uri }) => !known.has(uri)));
  // That it cannot be remembered costs another MediaJob some work, and this one nothing.
  await reuse
    .remember({ opened, failures })
    .catch((error) => log.warn({ err: error }, "what was made is not remembered"));
}

/** Settles what is at the destination, and tells all of the attempt beside it. What the attempt ends with. */
async function leaveManifest(
  destination: VolumeDestination | undefined,
  account: Account,
): Promise<Conclusion> {
  if (!destination) return account.conclude();
  const ended = account.conclude(destination.manifestUri);
  try {
    await destination.settle();
    destination.discard();
    await destination.writeManifest(account.manifest(ended.result));
    return ended;
  } catch (error) {
    log.warn({ err: error }, "manifest not written");
    return account.conclude();
  }
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
  { result, exitCode }: Conclusion,
  { unit, destination, account }: { unit: Unit; destination: VolumeDestination; account: Account },
): Promise<Conclusion> {
  try {
    const { finalizeJob } = await import("./finalize/finalize.ts"); // few units are the last
    const reportUri = await finalizeJob(unit, destination);
    return { result: { ...result, ...(reportUri && { reportUri }) }, exitCode };
  } catch (error) {
    const failure = failureOf(error);
    log.error({ ...failure, err: error }, "finalizing failed");
    if (unit.family === "finalize" && exitCode === 0) {
      return conclude(unit, { ...account.ledger(), fatal: failure }, { usage: account.usage.read() });
    }
    return { result, exitCode };
  }
}

async function engineOf(unit: Unit): Promise<Engine> {
  const stray = unit.outputs.find((output) => familyOf(output as Output) !== unit.family);
  if (stray) {
    throw new WorkFailure("InvalidUnit", `output ${stray.name} is not of the unit's family ${unit.family}`);
  }
  const load = ENGINES[unit.family];
  if (!load) throw new WorkFailure("InvalidUnit", `this worker has no engine for the family ${unit.family}`);
  return await load();
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
