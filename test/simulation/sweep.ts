/** Runs many seeds, on all cores. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Verdict } from "./simulate.ts";

export interface Broken {
  readonly seed: number;
  readonly broken: NonNullable<Verdict["broken"]>;
}

export interface Sweep {
  readonly from: number;
  readonly runs: number;
  /** Name of a deliberate bug to run them with. */
  readonly mutation?: string;
  /** Stops at the first broken promise. */
  readonly untilBroken?: boolean;
  readonly workers?: number;
  /** Told after each batch how many seeds were run by then, and what it broke. */
  readonly onBatch?: (ran: number, broken: readonly Broken[]) => void;
  /** Ends the sweep after the batches that are under way. */
  readonly signal?: AbortSignal;
}

/** Seeds that a worker is given at a time. */
const BATCH = 10;

/** A world lives for a tenth of a second and is then forgotten: with room for it, little of it is ever copied. */
const YOUNG_MB = 96;

/**
 * A batch takes a second or two. Code that spins without ever letting the event loop go on can only be ended from outside. It
 * is counted in CPU time of the process, for each of its threads: a busy machine lets a batch take minutes.
 */
const HANGING_CPU_SECONDS = 60;
const LOOK_MS = 1000;

/** @returns the seeds that break a promise, lowest first, and how many were run */
export async function sweep({
  from,
  runs,
  mutation,
  untilBroken = false,
  workers = availableParallelism(),
  onBatch = () => {},
  signal,
}: Sweep): Promise<{ ran: number; broken: Broken[] }> {
  const broken: Broken[] = [];
  const start = () =>
    new Worker(new URL("./sweep-worker.ts", import.meta.url), {
      workerData: { mutation },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
  let next = from;
  let ran = 0;
  const work = async () => {
    let worker = start();
    try {
      while (next < from + runs && !(untilBroken && broken.length) && !signal?.aborted) {
        const seeds = { from: next, to: Math.min(next + BATCH, from + runs) };
        next = seeds.to;
        const found = await asked(worker, { ...seeds, untilBroken }, HANGING_CPU_SECONDS * workers);
        broken.push(...found);
        if (found.some(({ broken }) => broken.promise === HANGS)) {
          await worker.terminate();
          worker = start();
        }
        ran += seeds.to - seeds.from;
        onBatch(ran, found);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, Math.ceil(runs / BATCH)) }, work));
  return { ran, broken: broken.toSorted((a, b) => a.seed - b.seed) };
}

const HANGS = "no pass goes on for ever";

interface Seeds {
  readonly from: number;
  readonly to: number;
  readonly untilBroken: boolean;
}

/** @param mostCpuSeconds how much the process may use, with all its threads, until there is an answer */
function asked(worker: Worker, seeds: Seeds, mostCpuSeconds: number): Promise<Broken[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Broken[]>();
  const what = `one of the seeds ${seeds.from} to ${seeds.to - 1} did not end within ${mostCpuSeconds} s of CPU time`;
  const since = process.cpuUsage();
  const hanging = setInterval(() => {
    if (process.cpuUsage(since).user / 1e6 > mostCpuSeconds)
      resolve([{ seed: seeds.from, broken: { promise: HANGS, what, atMs: 0 } }]);
  }, LOOK_MS);
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.postMessage(seeds);
  return promise.finally(() => {
    clearInterval(hanging);
    worker.off("error", reject);
  });
}
