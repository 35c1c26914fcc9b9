import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { HardwareEncoder } from "../../../crds/unit.ts";
import type { Pool } from "../configuration.ts";
import { mebi, parseQuantity } from "../quantity.ts";
import type { Estimate } from "./estimate.ts";

/** Where a unit runs and what it is given there; or why it can run nowhere. */
export type Placement =
  | {
      pool: string;
      gpu: boolean;
      /** The pool's hardware encoders, where the unit may use them. */
      encoder?: HardwareEncoder;
      cpu: number;
      memoryBytes: number;
      /** How far memory may grow on a retry. */
      memoryLimitBytes: number;
      scratchBytes: number;
      /** How far scratch may grow on a retry; plans of earlier versions do not say. */
      scratchLimitBytes?: number;
    }
  | { refused: string };

/**
 * The cheapest pool that fits. CPU is compressible, so a pool that offers less than the estimate only takes
 * longer; memory and scratch are not, so a pool that offers less does not fit. What was measured refuses nothing that
 * the tables let run: where no pool has as much, it takes all that the largest gives.
 */
export function place(estimate: Estimate, spec: MediaJobSpec, pools: readonly Pool[]): Placement {
  const wanted = wantedOf(estimate, spec, pools);
  const refusals: string[] = [];
  const fitting: Pool[] = [];
  for (const pool of pools) {
    const refusal = refusalOf(pool, wanted, spec.placement);
    if (refusal) refusals.push(`${pool.name}: ${refusal}`);
    else fitting.push(pool);
  }
  const [cheapest] = fitting.toSorted((a, b) => cost(a, estimate, spec) - cost(b, estimate, spec));
  if (!cheapest) return { refused: `no pool fits (${refusals.join("; ")})` };
  const gpu = cheapest.gpuResource !== undefined && usesGpu(cheapest, estimate, spec);
  return {
    pool: cheapest.name,
    gpu,
    ...(gpu && cheapest.encoder && { encoder: cheapest.encoder }),
    cpu: Math.min(wanted.cpu, cheapest.perUnit.cpu),
    memoryBytes: Math.ceil(wanted.memoryBytes),
    scratchBytes: Math.ceil(wanted.scratchBytes),
    ...limitsIn(cheapest, spec),
  };
}

/** How far a unit may grow on a retry in a pool. */
export const limitsIn = ({ perUnit }: Pool, spec: MediaJobSpec) => ({
  memoryLimitBytes: Math.floor(Math.min(parseQuantity(perUnit.memory), mostMemory(spec))),
  scratchLimitBytes: Math.floor(parseQuantity(perUnit.scratch)),
});

/** What a unit asks for: of memory that was measured no more than the largest gives of the pools that fit by the tables. */
function wantedOf(estimate: Estimate, spec: MediaJobSpec, pools: readonly Pool[]): Estimate {
  const { memoryMultiplier = 1 } = spec.resources;
  const wanting = (memoryBytes: number): Estimate => ({
    ...estimate,
    memoryBytes: Math.min(memoryBytes * memoryMultiplier, mostMemory(spec)),
  });
  const wanted = wanting(estimate.memoryBytes);
  if (estimate.leastMemoryBytes === undefined) return wanted;
  const least = wanting(estimate.leastMemoryBytes);
  const given = pools
    .filter((pool) => !refusalOf(pool, least, spec.placement))
    .map(({ perUnit }) => parseQuantity(perUnit.memory));
  if (given.length === 0) return wanted;
  return { ...wanted, memoryBytes: Math.min(wanted.memoryBytes, Math.max(...given)) };
}

const mostMemory = ({ resources: { maxMemory } }: MediaJobSpec): number =>
  maxMemory ? parseQuantity(maxMemory) : Number.POSITIVE_INFINITY;

/** What an accelerator makes faster is video, and only by its encoders. */
const usesGpu = (pool: Pool, estimate: Estimate, { placement }: MediaJobSpec) =>
  placement.gpu === "Require" || (placement.gpu === "Prefer" && estimate.gpu && pool.encoder !== undefined);

function refusalOf(pool: Pool, wanted: Estimate, placement: MediaJobSpec["placement"]): string | undefined {
  if (placement.pool !== undefined && placement.pool !== pool.name) {
    return `spec.placement.pool asks for ${placement.pool}`;
  }
  const hasGpu = pool.gpuResource !== undefined;
  if (placement.gpu === "Require" && !hasGpu) return "it has no GPU and spec.placement.gpu is Require";
  if (placement.gpu === "Never" && hasGpu) return "it is a GPU pool and spec.placement.gpu is Never";
  for (const [what, need, limit] of [
    ["memory", wanted.memoryBytes, pool.perUnit.memory],
    ["scratch", wanted.scratchBytes, pool.perUnit.scratch],
  ] as const) {
    if (need > parseQuantity(limit)) {
      return `the unit needs ${mebi(need)} of ${what}, a unit there may have ${limit}`;
    }
  }
  return undefined;
}

/** A GPU pool costs its weight also when the GPU stays idle, and more so: it is kept for who needs it. */
function cost(pool: Pool, estimate: Estimate, spec: MediaJobSpec): number {
  const idleGpu = pool.gpuResource !== undefined && !usesGpu(pool, estimate, spec);
  const missedGpu = pool.gpuResource === undefined && estimate.gpu && spec.placement.gpu === "Prefer";
  return pool.costWeight * (idleGpu ? 100 : 1) * (missedGpu ? 10 : 1);
}
