import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { WORKER_ENV, WORKER_RUNTIME_ENV } from "../../crds/group.ts";
import { type ProgressMessage, progressMessage } from "../../crds/progress.ts";
import { type UnitResult, unitResult } from "../../crds/result.ts";
import type { Unit } from "../../crds/unit.ts";
import type { ObservedAttempt } from "../core/reconcile/attempt.ts";
import { systemClock } from "../kube/clock.ts";
import { fileOf } from "./local-file.ts";

/** A worker has 5 s to clean up after SIGTERM, as in a pod; then it is killed. */
const GRACE_MS = 6_000;

/** As a Job may, it runs a little longer than the unit: the worker then ends itself, and its report says why. */
const DEADLINE_MARGIN_SECONDS = 30;

/** The last lines a worker wrote to its log are told when it left no result. */
const LOG_LINES = 5;

/**
 * An attempt as a child process: the same worker program that runs in a pod, with the same unit file, the
 * same result file, and a pipe for its progress. It never throws for what the worker does: every end is an
 * observed attempt.
 */
export class ChildAttempt {
  observed: ObservedAttempt;
  /** Resolves when the process is gone and its private directory is removed. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #volumes: Readonly<Record<string, string>>;
  readonly #log: string[] = [];
  #killTimer: NodeJS.Timeout | undefined;

  private constructor(
    { unit, observed, directory, child, volumes }: Started,
    { onProgress, deadlineMs }: { onProgress: (message: ProgressMessage) => void; deadlineMs: number },
  ) {
    this.observed = observed;
    this.#child = child;
    this.#volumes = volumes;
    const cancelDeadline = systemClock.after(deadlineMs, () => {
      this.observed = { ...this.observed, deadlineExceeded: true };
      this.stop();
    });
    readLines(child.stdio[3], (line) => {
      const message = progressMessage.safeParse(parseJson(line));
      if (message.success && message.data.unit === unit.name) onProgress(message.data);
    });
    readLines(child.stderr, (line) => {
      this.#log.push(line);
      if (this.#log.length > LOG_LINES) this.#log.shift();
    });
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => this.#log.push(error.message));
      child.once("exit", (_, signal) => endPrograms(child, signal ? directory : undefined));
      child.once("close", async (code, signal) => {
        cancelDeadline();
        clearTimeout(this.#killTimer);
        await this.#conclude(directory, code, signal);
        resolve();
      });
    });
  }

  static async start({
    unit,
    name,
    pool,
    workerFile,
    volumes,
    secrets,
    onProgress,
  }: {
    unit: Unit;
    name: string;
    pool: string;
    workerFile: string;
    volumes: Readonly<Record<string, string>>;
    secrets: Readonly<Record<string, string>>;
    onProgress: (message: ProgressMessage) => void;
  }): Promise<ChildAttempt> {
    const directory = await mkdtemp(join(tmpdir(), "mediajob-"));
    const scratch = join(directory, "scratch");
    await mkdir(scratch);
    await writeFile(join(directory, "unit.json"), JSON.stringify(unit));
    const child = spawn(process.execPath, [workerFile], {
      // A group of its own: Ctrl-C at the terminal reaches this process only, which stops its children in order.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env: {
        ...inherited(),
        ...WORKER_RUNTIME_ENV,
        [WORKER_ENV.unitFile]: join(directory, "unit.json"),
        [WORKER_ENV.resultFile]: join(directory, "result.json"),
        [WORKER_ENV.scratchDir]: scratch,
        [WORKER_ENV.volumes]: JSON.stringify(volumes),
        [WORKER_ENV.secrets]: JSON.stringify(secrets),
        [WORKER_ENV.progress]: "fd:3",
      },
    });
    const { memoryBytes } = unit.limits;
    const observed = {
      unit: unit.name,
      attempt: unit.attempt,
      name,
      state: "Active",
      pool,
      memoryBytes,
    } as const;
    return new ChildAttempt(
      { unit, observed, directory, child, volumes },
      { onProgress, deadlineMs: (unit.limits.timeoutSeconds + DEADLINE_MARGIN_SECONDS) * 1000 },
    );
  }

  /** Asks the worker to end; kills it when it does not. */
  stop(): void {
    if (this.observed.state !== "Active") return;
    this.observed = { ...this.observed, state: "Ending" };
    this.#child.kill("SIGTERM");
    this.#killTimer = setTimeout(() => this.kill(), GRACE_MS);
  }

  /** Ends the worker at once, and what it has started. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #conclude(directory: string, code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const text = await readFile(join(directory, "result.json"), "utf8").catch(() => "");
    const result = unitResult.safeParse(parseJson(text));
    const whole = result.success && (await wholeResult(result.data, this.#volumes));
    await rm(directory, { recursive: true, force: true });
    const exitCode = code ?? (signal === "SIGKILL" ? 137 : 143);
    this.observed = {
      ...this.observed,
      state: exitCode === 0 ? "Succeeded" : "Failed",
      exitCode,
      endedAtMs: Date.now(),
      ...(whole && { result: whole }),
      ...(!result.success && this.#log.length > 0 && { message: this.#log.join("\n") }),
    };
  }
}

/** A pod has none of these: they are for other programs, which call their levels otherwise, and make ffmpeg write files. */
function inherited(): NodeJS.ProcessEnv {
  const { LOG_LEVEL, FFREPORT, ...environment } = process.env;
  return environment;
}

/**
 * Ends the programs that a worker has left running, as the end of a container would: those of its group; and of one that
 * was killed, those that lead groups of their own, as ffmpeg does.
 *
 * @param directory of the attempt whose worker was killed
 */
function endPrograms({ pid }: ChildProcess, directory: string | undefined): void {
  const leaders = directory === undefined ? [] : startedFor(directory);
  for (const each of [...(pid === undefined ? [] : [-pid]), ...leaders]) {
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // none is left
    }
  }
}

/** The processes that an attempt's environment was handed down to; none where there is no /proc to tell. */
function startedFor(directory: string): number[] {
  const mark = `${WORKER_ENV.unitFile}=${join(directory, "unit.json")}\0`;
  const has = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark);
    } catch {
      return false; // it has ended, or is another user's
    }
  };
  const entries = existsSync("/proc/self/environ") ? readdirSync("/proc") : [];
  return entries.filter((name) => /^\d+$/.test(name) && has(name)).map(Number);
}

interface Started {
  unit: Unit;
  observed: ObservedAttempt;
  directory: string;
  child: ChildProcess;
  volumes: Readonly<Record<string, string>>;
}

/** A result is cut to what Kubernetes keeps of a pod; here the manifest, which has all of it, lies on this machine. */
async function wholeResult(
  result: UnitResult,
  volumes: Readonly<Record<string, string>>,
): Promise<UnitResult> {
  if (!result.truncated || result.manifestUri === undefined) return result;
  const text = await readFile(fileOf(result.manifestUri, volumes), "utf8").catch(() => "");
  const manifest = unitResult.safeParse(parseJson(text));
  const { reportUri } = result; // written after the manifest, of which it tells
  return manifest.success ? { ...manifest.data, ...(reportUri && { reportUri }) } : result;
}

function readLines(stream: unknown, onLine: (line: string) => void): void {
  createInterface({ input: stream as Readable }).on("line", onLine);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
