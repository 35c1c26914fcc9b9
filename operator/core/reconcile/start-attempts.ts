import type { MediaJob } from "../../../crds/media-job.ts";
import type { Placement } from "../plan/placement.ts";
import type { Action } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";
import type { Intent } from "./intent.ts";
import { UNIT_LETTERS, type UnitState } from "./unit-state.ts";

export interface Starts {
  actions: Action[];
  /** The units, with those ended that cannot or shall not start. */
  units: FoldedUnit[];
  /** Names of the units that are started now. */
  started: ReadonlySet<string>;
  /** When the next unit that backs off may start; null when none does. */
  nextStartMs: number | null;
  /** Units that could start if their pool had room, by pool. */
  waitingFor: ReadonlyMap<string, number>;
}

type Waiting = Extract<UnitState, { state: "Waiting" }>;

/**
 * Chooses the attempts to start: in the order of the plan, at most `parallelism` at once, as many as each
 * pool has room for. A unit that waits for a full pool holds nobody else up.
 */
export function startAttempts({
  job,
  units,
  intent,
  free,
  nowMs,
}: {
  job: MediaJob;
  units: readonly FoldedUnit[];
  intent: Intent;
  free: ReadonlyMap<string, number>;
  nowMs: number;
}): Starts {
  const starts: Starts = {
    actions: [],
    units: [],
    started: new Set(),
    nextStartMs: null,
    waitingFor: new Map(),
  };
  const started = new Set<string>();
  const waitingFor = new Map<string, number>();
  const room = new Map(free);
  let slots = job.spec.parallelism - units.filter(({ state }) => state.state === "Running").length;

  for (const folded of units) {
    const { unit, state } = folded;
    if (state.state !== "Waiting") {
      starts.units.push(folded);
      continue;
    }
    if (intent.stop) {
      starts.units.push(
        ended(folded, { state: "Ended", letter: UNIT_LETTERS.cancelled, attempt: state.attempt - 1 }),
      );
      continue;
    }
    const placed = placeAttempt(unit.placement, state);
    if ("refused" in placed) {
      const failure = { class: "config", reason: "NoPoolFits", message: placed.refused } as const;
      starts.units.push(
        ended(folded, { state: "Ended", letter: UNIT_LETTERS.failed, attempt: state.attempt - 1, failure }),
      );
      continue;
    }
    starts.units.push(folded);
    if (intent.suspended || slots <= 0) continue;
    if (state.notBeforeMs > nowMs) {
      starts.nextStartMs = Math.min(starts.nextStartMs ?? Number.POSITIVE_INFINITY, state.notBeforeMs);
      continue;
    }
    const left = room.get(placed.pool) ?? 0;
    if (left <= 0) {
      waitingFor.set(placed.pool, (waitingFor.get(placed.pool) ?? 0) + 1);
      continue;
    }
    room.set(placed.pool, left - 1);
    slots--;
    started.add(unit.name);
    starts.actions.push({ do: "StartAttempt", unit, attempt: state.attempt, placed });
  }
  return { ...starts, started, waitingFor: atMost(slots, waitingFor) };
}

/** Of the units that found no room, no more are waited for than parallelism would let start. */
const atMost = (slots: number, waitingFor: ReadonlyMap<string, number>): Map<string, number> =>
  new Map(slots > 0 ? [...waitingFor].map(([pool, units]) => [pool, Math.min(slots, units)]) : []);

const ended = ({ unit }: FoldedUnit, state: UnitState): FoldedUnit => ({ unit, state, fresh: true });

/** The planned placement, with the memory that an earlier attempt was found to need. */
function placeAttempt(placement: Placement, { memory }: Waiting): Placement {
  if ("refused" in placement || !memory) return placement;
  const limitBytes = placement.memoryLimitBytes;
  const memoryBytes = Math.min(memory.wantedBytes, limitBytes);
  if (memoryBytes > memory.givenBytes) return { ...placement, memoryBytes };
  return {
    refused: `needs ${mebi(memory.wantedBytes)} of memory or more; a unit may have ${mebi(limitBytes)} in pool ${placement.pool}`,
  };
}

const mebi = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)}Mi`;
