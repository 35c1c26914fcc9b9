import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tail } from "./command.ts";
import { identify, isAlive, type ProcessIdentity, signal } from "./process-identity.ts";
import { GivenUp } from "./until.ts";

/**
 * Processes that outlive the program that started them. Each has a record on disk from its first moment on, so
 * that whoever comes next, also after a crash, can say what runs and end exactly that.
 *
 * Below one directory: `processes/NAME.json` and `logs/NAME.log`.
 */
export interface RecordedProcess extends ProcessIdentity {
  readonly name: string;
  /** Position in the order of starting; processes are ended in the opposite order. */
  readonly order: number;
  readonly command: readonly string[];
  readonly log: string;
}

export function startProcess(
  directory: string,
  name: string,
  command: readonly [file: string, ...args: string[]],
  options: { readonly env?: Readonly<Record<string, string>> } = {},
): RecordedProcess {
  mkdirSync(join(directory, "processes"), { recursive: true });
  mkdirSync(join(directory, "logs"), { recursive: true });
  const log = join(directory, "logs", `${name}.log`);
  const output = openSync(log, "a");
  const [file, ...args] = command;
  const child = spawn(file, args, {
    detached: true, // its own session: Ctrl-C in the terminal of a test run is not for the cluster
    stdio: ["ignore", output, output],
    env: { ...process.env, ...options.env },
  });
  closeSync(output);
  child.on("error", () => {}); // the missing pid below says it
  child.unref();
  if (child.pid === undefined)
    throw new Error(`${name} cannot be started: is ${file} there and executable? Its log is ${log}`);
  const identity = identify(child.pid) ?? { pid: child.pid, startTime: "ended at once" };
  const order = 1 + Math.max(0, ...recordedProcesses(directory).map((other) => other.order));
  const record: RecordedProcess = { ...identity, name, order, command, log };
  const path = recordPath(directory, name);
  writeFileSync(`${path}.new`, JSON.stringify(record, null, 2));
  renameSync(`${path}.new`, path);
  return record;
}

export function recordedProcesses(directory: string): RecordedProcess[] {
  let names: string[];
  try {
    names = readdirSync(join(directory, "processes")).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
  return names
    .map((name) => JSON.parse(readFileSync(join(directory, "processes", name), "utf8")) as RecordedProcess)
    .sort((a, b) => a.order - b.order);
}

/** Throws, with the end of its log, if the process has ended: asked inside a wait for its readiness. */
export function assertAlive(process: RecordedProcess): void {
  if (isAlive(process)) return;
  throw new GivenUp(`${process.name} ended early; its log ${process.log} ends with:\n${logTail(process)}`);
}

function logTail(process: RecordedProcess, lineCount = 20): string {
  try {
    return tail(readFileSync(process.log, "utf8"), lineCount);
  } catch {
    return "(no log)";
  }
}

/** Ends every recorded process, last started first, by SIGTERM and then SIGKILL, and forgets it once it is gone. */
export async function stopProcesses(directory: string, { graceMs = 5000 } = {}): Promise<void> {
  for (const process of recordedProcesses(directory).reverse())
    await stopProcess(directory, process, { graceMs });
}

export async function stopProcess(
  directory: string,
  process: RecordedProcess,
  { graceMs = 5000 } = {},
): Promise<void> {
  signal(process, "SIGTERM");
  if (!(await endsWithin(process, graceMs))) {
    signal(process, "SIGKILL");
    if (!(await endsWithin(process, 10_000)))
      throw new Error(`${process.name} (pid ${process.pid}) survives SIGKILL`);
  }
  rmSync(recordPath(directory, process.name), { force: true });
}

export async function endsWithin(process: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(process)) {
    if (Date.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}

function recordPath(directory: string, name: string): string {
  return join(directory, "processes", `${name}.json`);
}
