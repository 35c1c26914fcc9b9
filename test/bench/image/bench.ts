import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { aUnit, from, runWorker, type WorkerRun, type WorkerVolume } from "../../worker/run-worker.ts";
import type { Programs } from "./programs.ts";

/** What every workload of the image benchmark is given. */
export interface Bench {
  volume: WorkerVolume;
  programs: Programs;
  runs: number;
  /** Replaces each workload's own number of files. */
  files: number | undefined;
  /** Parts of the names of contenders that take part. */
  against: readonly string[];
}

export const CORES = cpus().length;

/** Writes files of which only some are distinct: making pictures takes longer than measuring with them. */
export async function fill(
  folder: string,
  { files, distinct, make }: { files: number; distinct: number; make: (index: number) => Promise<Buffer> },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const made: Buffer[] = [];
  for (let index = 0; index < files; index++) {
    if (made.length < distinct) made.push(await make(index));
    await writeFile(join(folder, `${index}.img`), made[index % made.length] ?? "");
  }
}

/**
 * One unit that makes `outputs` from files of the volume, to an empty destination: one directory, as all contenders
 * fill.
 *
 * @throws Error when it fails.
 */
export async function byWorker(
  { volume }: Bench,
  { files, outputs }: { files: readonly string[]; outputs: object[] },
  during?: (worker: { pid: number }) => Promise<void>,
): Promise<WorkerRun> {
  // Moved away, and removed at the end of all: ext4 looks long for room among what was removed in the last seconds.
  await rename(volume.path("out"), volume.path(`made-${randomUUID()}`)).catch(() => undefined);
  const unit = aUnit({
    family: "image",
    sources: from(Object.fromEntries(files.map((file, index) => [`s${index}`, file]))),
    outputs,
    destination: {
      volume: { claimName: "media", path: "out" },
      template: "{source}-{width}.{ext}",
      onConflict: "Overwrite",
    },
    limits: {
      cpu: CORES,
      memoryBytes: 2 ** 32,
      scratchBytes: 2 ** 30,
      timeoutSeconds: 3600,
      stallSeconds: 300,
    },
  });
  const ended = await runWorker(unit, volume, {
    // as in the image, where the compile cache is filled when it is built
    environment: { NODE_ENV: "production", NODE_COMPILE_CACHE: `${volume.root}/compile-cache` },
    ...(during && { during }),
  });
  if (ended.exitCode !== 0) throw new Error(`the worker ended with ${ended.exitCode}: ${ended.log}`);
  return ended;
}
