import type { Unit } from "../crds/unit.ts";
import { watchScratch } from "./scratch-watch.ts";
import { type Signs, watchForStall } from "./stall-watch.ts";
import { WorkFailure } from "./work-failure.ts";

/** What ends an attempt before it is done. */
export interface AttemptWatch {
  /** Aborted with a WorkFailure that says why. */
  signal: AbortSignal;
  /** Looks no more: the work is over. */
  end(): void;
}

/** An attempt ends early when it is stopped, runs out of time or of scratch disk, or stands still. */
export function watchAttempt(
  unit: Pick<Unit, "name" | "limits">,
  { stopped, scratchDir, signs }: { stopped: AbortSignal; scratchDir: string; signs: () => Signs },
): AttemptWatch {
  const { timeoutSeconds, stallSeconds, scratchBytes } = unit.limits;
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(overdue(unit)), timeoutSeconds * 1000);
  const endStallWatch = watchForStall(stallSeconds * 1000, {
    signs,
    onStall: (stillMs) => ending.abort(standingStill(unit, stillMs)),
  });
  const endScratchWatch = watchScratch(scratchDir, {
    limitBytes: scratchBytes,
    onFull: (usedBytes) => ending.abort(outOfScratch(unit, usedBytes)),
  });
  return {
    signal: AbortSignal.any([stopped, ending.signal]),
    end() {
      clearTimeout(timer);
      endStallWatch();
      endScratchWatch();
    },
  };
}

const standingStill = ({ name }: Pick<Unit, "name">, stillMs: number) =>
  new WorkFailure(
    "Stalled",
    `unit ${name} made no progress and used no processor for ${Math.round(stillMs / 1000)} s; a volume may hang`,
  );

const overdue = ({ name, limits }: Pick<Unit, "name" | "limits">) =>
  new WorkFailure(
    "DeadlineExceeded",
    `unit ${name} took longer than the ${limits.timeoutSeconds} s it may; raise spec.unitTimeoutSeconds`,
  );

const outOfScratch = ({ name, limits }: Pick<Unit, "name" | "limits">, usedBytes: number) =>
  new WorkFailure(
    "DiskFull",
    `unit ${name} has ${mebi(usedBytes)} in its scratch directory, and may have ${mebi(limits.scratchBytes)}; ask for fewer or smaller frames at once, or let a pool give more (perUnit.scratch)`,
  );

const mebi = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)}Mi`;
