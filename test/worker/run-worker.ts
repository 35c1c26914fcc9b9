import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { WORKER_ENV, WORKER_RUNTIME_ENV } from "../../crds/group.ts";
import { parseVolumeUri } from "../../crds/naming.ts";
import type { ProgressMessage } from "../../crds/progress.ts";
import { type UnitResult, unitResult } from "../../crds/result.ts";
import type { Unit } from "../../crds/unit.ts";
import { PROGRAMS } from "../programs.ts";

/**
 * The worker program, run as a child process on a volume in a temporary directory: the same way in and out
 * as in a pod.
 */
export interface WorkerVolume {
  /** The root of the claim `media`. */
  root: string;
  path(relative: string): string;
  put(relative: string, content: string | Uint8Array): Promise<string>;
  remove(): Promise<void>;
}

export interface WorkerRun {
  exitCode: number | null;
  result: UnitResult;
  /** The result file as it was left. */
  resultText: string;
  manifest: Record<string, unknown> | undefined;
  /** Every file on the volume, relative, sorted; sources included. */
  files: string[];
  progress: ProgressMessage[];
  log: string;
}

export async function makeVolume(): Promise<WorkerVolume> {
  const root = await mkdtemp(join(tmpdir(), "mediajob-volume-"));
  const path = (relative: string) => join(root, relative);
  return {
    root,
    path,
    async put(relative, content) {
      await mkdir(dirname(path(relative)), { recursive: true });
      await writeFile(path(relative), content);
      return path(relative);
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** A unit of one attempt with roomy limits, on the claim `media`, into `out/`. */
export const aUnit = (parts: Record<string, unknown> & Pick<Unit, "family">): Unit =>
  ({
    version: "v1",
    job: { namespace: "default", name: "job", uid: "uid-1" },
    name: `${parts.family}-0`,
    attempt: 1,
    destination: {
      volume: { claimName: "media", path: "out" },
      template: "{source}/{output}.{ext}",
      onConflict: "Overwrite",
    },
    limits: { cpu: 2, memoryBytes: 2 ** 31, scratchBytes: 2 ** 30, timeoutSeconds: 120 },
    ...parts,
  }) as unknown as Unit;

/** Sources on the claim `media` by name and path. */
export const from = (paths: Record<string, string>) =>
  Object.entries(paths).map(([name, path]) => ({ name, volume: { claimName: "media", path } }));

/** Runs a unit to its end. `during` sees the process, e.g. to stop it. */
export async function runWorker(
  unit: unknown,
  volume: WorkerVolume,
  {
    during,
    environment = {},
    uid,
    onProgress,
  }: {
    during?: (worker: { pid: number; firstProgress: Promise<void> }) => unknown;
    environment?: Record<string, string>;
    /** Runs the worker as another user, who may do what files allow; for the superuser only. */
    uid?: number;
    /** Sees each message as it comes. */
    onProgress?: (message: ProgressMessage) => void;
  } = {},
): Promise<WorkerRun> {
  const directory = await mkdtemp(join(tmpdir(), "mediajob-worker-"));
  try {
    const unitFile = join(directory, "unit.json");
    const resultFile = join(directory, "result.json");
    await writeFile(unitFile, typeof unit === "string" ? unit : JSON.stringify(unit));
    await chmod(directory, 0o777);
    const child = spawn(process.execPath, [PROGRAMS.worker], {
      ...(uid !== undefined && { uid, gid: uid }),
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        ...WORKER_RUNTIME_ENV,
        [WORKER_ENV.unitFile]: unitFile,
        [WORKER_ENV.resultFile]: resultFile,
        [WORKER_ENV.scratchDir]: join(directory, "scratch"),
        [WORKER_ENV.volumes]: JSON.stringify({ media: volume.root }),
        [WORKER_ENV.progress]: "fd:3",
        ...environment,
      },
    });
    const ended = new Promise<number | null>((settle) => child.once("close", (code) => settle(code)));
    const progress: ProgressMessage[] = [];
    let log = "";
    child.stderr?.on("data", (chunk) => {
      log += chunk;
    });
    const firstProgress = new Promise<void>((settle) => {
      createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
        const message = JSON.parse(line) as ProgressMessage;
        progress.push(message);
        onProgress?.(message);
        settle();
      });
    });
    await during?.({ pid: child.pid ?? 0, firstProgress });
    const exitCode = await ended;
    const resultText = await readFile(resultFile, "utf8").catch(() => "");
    if (resultText === "") throw new Error(`the worker left no result (exit code ${exitCode}): ${log}`);
    const result = unitResult.parse(JSON.parse(resultText));
    return {
      exitCode,
      result,
      resultText,
      manifest: await manifestOf(result, volume),
      files: await filesOf(volume),
      progress,
      log,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function manifestOf({ manifestUri }: UnitResult, volume: WorkerVolume) {
  const place = manifestUri === undefined ? undefined : parseVolumeUri(manifestUri);
  return place && JSON.parse(await readFile(volume.path(place.path), "utf8"));
}

export async function filesOf(volume: WorkerVolume): Promise<string[]> {
  const entries = await readdir(volume.root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(volume.root.length + 1))
    .sort();
}
