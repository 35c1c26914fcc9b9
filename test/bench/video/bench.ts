import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { ProgressMessage } from "../../../crds/progress.ts";
import type { Unit } from "../../../crds/unit.ts";
import { aUnit, from, runWorker, type WorkerRun, type WorkerVolume } from "../../worker/run-worker.ts";

/** What every workload of the video benchmark is given. */
export interface Bench {
  volume: WorkerVolume;
  runs: number;
  /** Length of the clip that is encoded. */
  seconds: number;
}

export const WALK = resolve(import.meta.dirname, "../../../examples/media/walk.mp4");

/** The worker as it is in its image. */

const run = promisify(execFile);

export const ffmpeg = (...list: string[]) =>
  run("ffmpeg", ["-v", "error", "-nostdin", "-y", ...list], { maxBuffer: 2 ** 26 });

/** Runs a command that a worker has recorded, as it stands. */
export const rawly = ([, ...list]: readonly string[]) => run("ffmpeg", list, { maxBuffer: 2 ** 26 });

/** A unit of one output by a worker of its own, to an empty destination. @throws Error when it fails. */
export async function byWorker(
  { volume }: Bench,
  file: string,
  output: Record<string, unknown>,
  {
    unit = {},
    keep = false,
    onStart,
    onProgress,
  }: {
    unit?: Partial<Unit>;
    keep?: boolean;
    onStart?: (pid: number) => void;
    onProgress?: (message: ProgressMessage) => void;
  } = {},
): Promise<WorkerRun> {
  if (!keep) await rm(volume.path("out"), { recursive: true, force: true });
  const [family] = Object.keys(output) as [Unit["family"]];
  const wanted = aUnit({
    family,
    sources: from({ clip: file }),
    outputs: [{ name: "made", ...output }],
    limits: { cpu: 2, memoryBytes: 2 ** 32, scratchBytes: 2 ** 30, timeoutSeconds: 900, stallSeconds: 300 },
    ...unit,
  });
  const ended = await runWorker(wanted, volume, {
    // As in the image, where the compile cache is filled when it is built. Node keeps it right by itself.
    environment: { NODE_ENV: "production", NODE_COMPILE_CACHE: join(tmpdir(), "mediajob-bench-cache") },
    during: ({ pid }) => onStart?.(pid),
    ...(onProgress && { onProgress }),
  });
  if (ended.exitCode !== 0) throw new Error(`the worker ended with ${ended.exitCode}: ${ended.log}`);
  return ended;
}

export interface Cost {
  wallSeconds: number;
  /** Of all processes that were started and have ended meanwhile. */
  cpuSeconds: number;
}

export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [startedAt, before] = [performance.now(), childrenSeconds()];
  await work();
  return { wallSeconds: (performance.now() - startedAt) / 1000, cpuSeconds: childrenSeconds() - before };
}

/** Time of the children that have been waited for, and of theirs: fields 16 and 17 of proc(5)'s stat. */
function childrenSeconds(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}
