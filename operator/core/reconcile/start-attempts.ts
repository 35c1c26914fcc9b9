import type { FailureClass } from "../../../crds/failures.ts";
import type { Pause } from "../queue/pause.ts";
import type { Action } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";
import { nextPlace } from "./next-place.ts";
import { type Hold, holdOf, retriedClass, roomFor } from "./start-holds.ts";
import { beginRound, type Candidate, type Round, type Wanted } from "./start-round.ts";
import type { Trouble } from "./trouble.ts";
import { endWithoutAttempt } from "./unit-end.ts";

export interface Starts {
  actions: Action[];
  /** The units, with those ended that cannot or shall not start. */
  units: FoldedUnit[];
  /** When the next unit that backs off may start; null when none does. */
  nextStartMs: number | null;
  /** Why units that could start do not. */
  pausedBy?: Pause;
  /** What keeps units from starting: the API server refuses their Jobs. */
  rejectedBy?: Trouble;
  /** The class whose retries wait until others have ended; unset when none does. */
  gatedBy?: FailureClass;
  /** Units that could start if their pool had room, by pool. */
  waitingFor: ReadonlyMap<string, number>;
}

/**
 * Chooses the attempts to start: in the order of the plan, at most `parallelism` at once, as many as each pool has room
 * for. One that needs others starts when they have succeeded, and is cancelled when one has not. A unit that waits for
 * a full pool holds nobody else up. What finalizes runs alone, once all else has ended, also after a stop; where nothing
 * ever began there is nothing to finalize.
 */
export function startAttempts(wanted: Wanted): Starts {
  const round = beginRound(wanted);
  const holds: Hold[] = [];
  for (const folded of wanted.units) {
    const { now, candidate } = standing(folded, round);
    const hold = candidate && (holdOf(candidate, round) ?? startOrWait(candidate, round));
    if (hold) holds.push(hold);
    round.before.push(now);
  }
  return { actions: round.actions, units: round.before, ...summaryOf(holds, round) };
}

/** A unit as it is now, should it end without another attempt; a candidate where it waits and has a place to go to. */
function standing(folded: FoldedUnit, round: Round): { now: FoldedUnit; candidate?: Candidate } {
  const { unit, state } = folded;
  const placed =
    state.state === "Waiting"
      ? nextPlace(unit, state, { spec: round.job.spec, pools: round.pools })
      : undefined;
  const end = endWithoutAttempt(folded, placed, round);
  if (end || state.state !== "Waiting" || !placed || "refused" in placed) return { now: end ?? folded };
  return { now: folded, candidate: { unit, state, placed } };
}

/** Starts what nothing else holds, if a pool has room for it. */
function startOrWait(candidate: Candidate, round: Round): Hold | undefined {
  const { unit, state } = candidate;
  const found = roomFor(candidate, round);
  if (!("placed" in found)) return found;
  const { placed, withoutGpuBecause } = found;
  const retryOf = retriedClass(state);
  const oneLess = <Key>(left: Map<Key, number>, key: Key) =>
    left.set(key, (left.get(key) ?? Number.POSITIVE_INFINITY) - 1);
  oneLess(round.room, placed.pool);
  if (retryOf) oneLess(round.retries, retryOf);
  round.slots--;
  round.actions.push({
    do: "StartAttempt",
    unit,
    attempt: state.attempt,
    placed,
    ...(retryOf && { retryOf }),
    ...(withoutGpuBecause && { withoutGpuBecause }),
  });
  return undefined;
}

/** What is to be told of units that do not start. */
function summaryOf(holds: readonly Hold[], { slots }: Round): Omit<Starts, "actions" | "units"> {
  const pausedBy = holds.find((hold) => hold.pausedBy)?.pausedBy;
  const rejectedBy = holds.find((hold) => hold.rejectedBy)?.rejectedBy;
  const gatedBy = holds.find((hold) => hold.gatedBy)?.gatedBy;
  return {
    nextStartMs: holds.reduce<number | null>(
      (soonest, { untilMs }) => (untilMs === undefined ? soonest : Math.min(soonest ?? untilMs, untilMs)),
      null,
    ),
    ...(pausedBy && { pausedBy }),
    ...(rejectedBy && { rejectedBy }),
    ...(gatedBy && { gatedBy }),
    waitingFor: waitingFor(holds, slots),
  };
}

/** By pool, the units that found no room; no more are waited for than parallelism would let start. */
function waitingFor(holds: readonly Hold[], slots: number): Map<string, number> {
  const units = new Map<string, number>();
  if (slots <= 0) return units;
  for (const pool of holds.flatMap(({ pools = [] }) => pools))
    units.set(pool, Math.min(slots, (units.get(pool) ?? 0) + 1));
  return units;
}
