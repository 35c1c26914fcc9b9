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
}

/** Seeds that a worker is given at a time. */
const BATCH = 10;

/** @returns the seeds that break a promise, lowest first, and how many were run */
export async function sweep({
  from,
  runs,
  mutation,
  untilBroken = false,
  workers = availableParallelism(),
}: Sweep): Promise<{ ran: number; broken: Broken[] }> {
  const broken: Broken[] = [];
  let next = from;
  let ran = 0;
  const work = async () => {
    const worker = new Worker(new URL("./sweep-worker.ts", import.meta.url), { workerData: { mutation } });
    try {
      while (next < from + runs && !(untilBroken && broken.length)) {
        const seeds = { from: next, to: Math.min(next + BATCH, from + runs) };
        next = seeds.to;
        broken.push(...(await asked(worker, { ...seeds, untilBroken })));
        ran += seeds.to - seeds.from;
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, Math.ceil(runs / BATCH)) }, work));
  return { ran, broken: broken.toSorted((a, b) => a.seed - b.seed) };
}

function asked(worker: Worker, seeds: object): Promise<Broken[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Broken[]>();
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.postMessage(seeds);
  return promise.finally(() => worker.off("error", reject));
}
