import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import fluentFfmpeg, { type FfmpegCommand } from "fluent-ffmpeg";
import type { EngineContext } from "../engine.ts";
import {
  explainLog,
  lastErrors,
  tellsCutShort,
  tellsDamage,
  tellsError,
  tellsLostText,
} from "../probe/log-reading.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { WorkFailure } from "../work-failure.ts";
import { type EncodeProgress, progressReader } from "./progress/progress-blocks.ts";

/**
 * Runs ffmpeg, and is the only file that knows fluent-ffmpeg. That library finds the program, spawns it and
 * keeps its last lines of log; everything else of it is passed by: it splits option texts at spaces, lists
 * encoders and formats before every run (~150 ms), computes percents that are wrong with trims, and kills
 * with SIGKILL. It is archived, so its version is pinned and the members overridden here are its own inner ones.
 */

export interface FfmpegRun {
  /** Inputs, filters and outputs; one element per token. Global options are added here. */
  arguments: readonly string[];
  /** Threads for decoding, filters and encoding alike, from the CPU limit: ffmpeg sees the node's cores. */
  threads: number;
  /** Bytes of the largest single allocation. */
  maxAllocBytes: number;
  /** Stops ffmpeg: TERM to its group, KILL after `killAfterMs`. */
  signal: AbortSignal;
  onStart?: (pid: number) => void;
  onProgress?: (progress: EncodeProgress) => void;
  /** Takes what ffmpeg writes to its stdout (`pipe:1` as output) instead of progress. */
  onData?: (chunk: Buffer) => void;
  /** Every line of log as it comes, for filters that report by log. */
  onLog?: (line: string) => void;
  /** `info` where a filter reports at that level; `warning` otherwise. */
  logLevel?: "warning" | "info";
  killAfterMs?: number;
  /** How long ffmpeg may write nothing before it is looked at. */
  silentMs?: number;
}

/** What a run that ended well left behind. */
export interface FfmpegReport {
  /** The whole command, for the manifest. */
  arguments: readonly string[];
  /** The last block of progress; undefined when nothing was written. */
  progress: EncodeProgress | undefined;
  /** The first 20 and the last 50 lines of log. */
  log: readonly string[];
  /** The first 20 lines that tell of an error, which may lie between those of the log. */
  errors: readonly string[];
  /** Lines that tell that the source ended too early. */
  cutShortLines: number;
  /** Lines that tell of damage that was concealed. */
  damagedLines: number;
  /** Lines of subtitles that were left out since they are not UTF-8. */
  lostTexts: number;
}

export type FfmpegLimits = Pick<FfmpegRun, "threads" | "maxAllocBytes" | "signal" | "silentMs" | "onStart">;

/**
 * What every run of a unit keeps to. Half of the memory for one block: no frame of 8192 × 8192 needs more, and a bomb asks
 * for it. Each is watched: where no progress is told, the processor time alone shows that it does not stand still. And each
 * may wait for its storage for as long as the unit may: a file server that fails over takes a minute or two.
 */
export function ffmpegLimits(context: EngineContext): FfmpegLimits {
  return {
    threads: Math.max(1, Math.ceil(context.limits.cpu)),
    maxAllocBytes: Math.max(2 ** 28, Math.min(2 ** 31 - 1, Math.floor(context.limits.memoryBytes / 2))),
    signal: context.signal,
    silentMs: context.limits.stallSeconds * 1000,
    onStart: (pid) => context.watchChild(pid),
  };
}

const KEPT_LOG_LINES = 50;
const KEPT_FIRST_LINES = 20;
const KEPT_ERRORS = 20;
/** The worker itself is abandoned 3.5 s after a stop, and ffmpeg must not outlive it. */
const KILL_AFTER_MS = 2_500;
const SILENT_MS = 30_000;

/**
 * Runs ffmpeg to its end.
 *
 * @throws MediaFailure with what the log explains: DiskFull, EncoderMissing, SourceCorrupt, Stalled, …;
 * the signal's reason when it was stopped.
 */
export async function runFfmpeg(run: FfmpegRun): Promise<FfmpegReport> {
  run.signal.throwIfAborted();
  const list = [...globalArguments(run), ...run.arguments];
  const command = new DirectCommand(list);
  const report: { -readonly [Key in keyof FfmpegReport]: FfmpegReport[Key] } = {
    arguments: ["ffmpeg", ...list],
    progress: undefined,
    log: [],
    errors: [],
    cutShortLines: 0,
    damagedLines: 0,
    lostTexts: 0,
  };
  const first: string[] = [];
  const last: string[] = [];
  const errors: string[] = [];

  const ending = new Promise<Error | undefined>((resolve) => {
    command.once("end", () => resolve(undefined));
    command.once("error", (error: Error) => resolve(error));
  });
  const watch = new Watch(run);
  let drained: Promise<unknown> = Promise.resolve();
  command.once("start", () => {
    const child = command.ffmpegProc;
    if (!child?.stdout) return;
    drained = once(child.stdout, "close");
    watch.start(child);
    if (child.pid !== undefined) run.onStart?.(child.pid);
    const feed = progressReader((progress) => {
      report.progress = progress;
      run.onProgress?.(progress);
    });
    child.stdout.on("data", (chunk: Buffer) => {
      watch.heard();
      if (run.onData) run.onData(chunk);
      else feed(chunk.toString("latin1"));
    });
  });
  command.on("stderr", (line: string) => {
    if (line === "") return;
    watch.heard();
    run.onLog?.(line);
    if (tellsCutShort(line)) report.cutShortLines += 1;
    if (tellsDamage(line)) report.damagedLines += 1;
    if (tellsLostText(line)) report.lostTexts += 1;
    if (tellsError(line) && errors.length < KEPT_ERRORS) errors.push(line);
    if (first.length < KEPT_FIRST_LINES) first.push(line);
    else if (last.push(line) > KEPT_LOG_LINES) last.shift();
  });

  command.run();
  const error = await ending;
  await drained;
  watch.stop();
  report.log = [...first, ...last];
  report.errors = errors;
  report.damagedLines = Math.max(0, report.damagedLines - report.lostTexts); // ffmpeg calls each damage as well

  if (run.signal.aborted) leaveLog(run.signal.reason, report.log);
  run.signal.throwIfAborted();
  if (watch.stalled) throw new MediaFailure("Stalled", watch.stalled, report.log);
  if (error) throw explainFailure(error, report.log);
  return report;
}

/** Why a unit stood still, or ran out of time, stands in what was logged until it was stopped for that. */
function leaveLog(reason: unknown, log: readonly string[]): void {
  if (reason instanceof WorkFailure) reason.log = [...reason.log, ...log];
}

function globalArguments({ threads, maxAllocBytes, logLevel = "warning", onData }: FfmpegRun): string[] {
  return [
    ...["-nostdin", "-hide_banner", "-nostats", "-y"],
    ...["-v", `level+${logLevel}`],
    ...(onData ? [] : ["-progress", "pipe:1", "-stats_period", "0.2"]),
    ...["-max_alloc", `${maxAllocBytes}`],
    ...["-filter_threads", `${threads}`, "-filter_complex_threads", `${threads}`],
  ];
}

function explainFailure(error: Error, log: readonly string[]): MediaFailure {
  if (/Cannot find ffmpeg|ENOENT/.test(error.message)) {
    return new MediaFailure("EncoderMissing", "ffmpeg was not found; install it or set FFMPEG_PATH", log);
  }
  if (/killed with signal SIGKILL/.test(error.message)) {
    return new MediaFailure(
      "MemoryLimitExceeded",
      "ffmpeg was killed, most likely for memory; raise spec.resources.memoryMultiplier",
      log,
    );
  }
  const reading = explainLog(log);
  if (reading) return new MediaFailure(reading.reason, `${reading.sentence} (ffmpeg: ${reading.line})`, log);
  const how = error.message.split(":")[0];
  return new MediaFailure("EngineFailed", `${how}: ${lastErrors(log) || "it said nothing"}`, log);
}

/** What is used of fluent-ffmpeg's class, its inner members included, which its published types leave out. */
type Command = Pick<FfmpegCommand, "on" | "once" | "output" | "run"> & {
  ffmpegProc?: ChildProcess;
  _spawnFfmpeg(list: string[], options: object, onProcess: unknown, onEnd: unknown): void;
};

const FluentCommand = fluentFfmpeg as unknown as new (options: object) => Command;

/** fluent-ffmpeg with every part taken out that would change, split or precede the argument list. */
class DirectCommand extends FluentCommand {
  readonly #list: readonly string[];

  constructor(list: readonly string[]) {
    super({ stdoutLines: 1 }); // the log is kept here
    this.#list = list;
    this.output("unused"); // run() insists on an output; the list names the real ones
  }

  _getArguments(): string[] {
    return [...this.#list];
  }

  _checkCapabilities(done: (error: null) => void): void {
    done(null);
  }

  availableEncoders(done: (error: null, encoders: object) => void): void {
    done(null, {});
  }

  override _spawnFfmpeg(list: string[], options: object, onProcess: unknown, onEnd: unknown): void {
    // A group of its own, so that a stop reaches ffmpeg and whatever it starts, and a terminal's ^C does not
    // reach it before this process has decided what to keep.
    // stdout is read here; fluent-ffmpeg would keep it as lines of text.
    super._spawnFfmpeg(list, { ...options, detached: true, captureStdout: false }, onProcess, onEnd);
  }
}

/** Ends a run from outside, and tells a hung one from a slow one. */
class Watch {
  readonly #run: FfmpegRun;
  #child: ChildProcess | undefined;
  #heardAt = 0;
  #cpuTicks = 0;
  #silence: NodeJS.Timeout | undefined;
  #kill: NodeJS.Timeout | undefined;
  /** Why the run was taken for hung; undefined when it was not. */
  stalled: string | undefined;

  constructor(run: FfmpegRun) {
    this.#run = run;
  }

  start(child: ChildProcess): void {
    this.#child = child;
    this.heard();
    this.#run.signal.addEventListener("abort", this.#terminate, { once: true });
    process.once("exit", this.#killNow);
    if (this.#run.signal.aborted) this.#terminate();
    const silentMs = this.#run.silentMs ?? SILENT_MS;
    this.#silence = setInterval(() => void this.#look(silentMs), silentMs).unref();
  }

  heard(): void {
    this.#heardAt = performance.now();
  }

  stop(): void {
    this.#run.signal.removeEventListener("abort", this.#terminate);
    process.removeListener("exit", this.#killNow);
    clearInterval(this.#silence);
    clearTimeout(this.#kill);
  }

  /** A slow filter may write nothing for minutes; a process that also uses no CPU hangs. */
  async #look(silentMs: number): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined || performance.now() - this.#heardAt < silentMs) return;
    const ticks = await cpuTicks(pid);
    const moved = ticks !== this.#cpuTicks;
    this.#cpuTicks = ticks;
    if (moved) return;
    this.stalled = `ffmpeg wrote nothing and used no CPU for ${Math.round(silentMs / 1000)} s; its storage may hang`;
    this.#terminate();
  }

  readonly #terminate = (): void => {
    this.#signalGroup("SIGTERM");
    this.#kill ??= setTimeout(() => this.#signalGroup("SIGKILL"), this.#run.killAfterMs ?? KILL_AFTER_MS);
  };

  readonly #killNow = (): void => this.#signalGroup("SIGKILL");

  #signalGroup(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#child?.exitCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // ESRCH: it ended meanwhile
    }
  }
}

/** User and system time of a process in clock ticks; 0 when it is gone. */
async function cpuTicks(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // the name may hold spaces
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}
