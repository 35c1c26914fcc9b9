import type { FailureClass } from "../../../crds/failures.ts";
import { isFinalize } from "../plan/plan.ts";
import type { Pause } from "../queue/pause.ts";
import { GATED_CLASSES } from "../queue/retry-gate.ts";
import type { Placed } from "./decision.ts";
import { hasEnded } from "./fold-units.ts";
import { grown } from "./next-place.ts";
import type { Candidate, Round } from "./start-round.ts";
import type { Trouble } from "./trouble.ts";

/** What keeps a unit from starting now. */
export interface Hold {
  /** When to look again. */
  untilMs?: number;
  pausedBy?: Pause;
  rejectedBy?: Trouble;
  gatedBy?: FailureClass;
  /** Pools, any of which it waits for. */
  pools?: readonly string[];
}

/** What keeps it is told elsewhere, and its end brings a pass. */
const WORDLESS: Hold = {};

/** How often a unit whose retry waits for others to end looks again by itself. Mostly it is woken before. */
const GATED_MS = 15_000;

/** What holds a unit whatever room there is; the first rule that answers wins, and undefined lets it go on. */
export function holdOf(candidate: Candidate, round: Round): Hold | undefined {
  for (const rule of [notItsTurn, suspended, asManyAsMayRun, backingOff, rejected, paused, gated]) {
    const hold = rule(candidate, round);
    if (hold) return hold;
  }
  return undefined;
}

type Rule = (candidate: Candidate, round: Round) => Hold | undefined;

const notItsTurn: Rule = ({ unit }, { before, finalizing }) => {
  const needed = (unit.needs ?? []).map((index) => before[index]);
  const ready = isFinalize(unit)
    ? before.every(hasEnded)
    : !finalizing && needed.every((other) => other && hasEnded(other));
  return ready ? undefined : WORDLESS;
};

const suspended: Rule = (_, { intent }) => (intent.suspended && !intent.stop ? WORDLESS : undefined);

const asManyAsMayRun: Rule = (_, { slots }) => (slots <= 0 ? WORDLESS : undefined);

const backingOff: Rule = ({ state: { notBeforeMs } }, { nowMs }) =>
  notBeforeMs > nowMs ? { untilMs: notBeforeMs } : undefined;

const rejected: Rule = ({ unit, state }, { rejected }) => {
  const untilMs = rejected.nextTryMs(unit.name, state.attempt);
  const rejectedBy = rejected.trouble();
  return untilMs === undefined ? undefined : { untilMs, ...(rejectedBy && { rejectedBy }) };
};

const paused: Rule = ({ unit }, { pauses, actions, intent, nowMs }) => {
  // What fails for all may do so for hours: who cancels wants an end, and is told what could not be swept.
  if (intent.stop?.reason === "Cancelled" && isFinalize(unit)) return undefined;
  const pausedBy = pauses.find(
    ({ starts, sparesFinalize }) => actions.length >= starts && !(sparesFinalize && isFinalize(unit)),
  );
  if (!pausedBy) return undefined;
  return {
    pausedBy,
    ...(pausedBy.untilMs !== null && { untilMs: Math.max(pausedBy.untilMs, nowMs + 1000) }),
  };
};

const gated: Rule = ({ state }, { retries, nowMs }) => {
  const gatedBy = retriedClass(state);
  const isFull = gatedBy !== undefined && (retries.get(gatedBy) ?? Number.POSITIVE_INFINITY) <= 0;
  return isFull ? { gatedBy, untilMs: nowMs + GATED_MS } : undefined;
};

/** The class of the failure that an attempt would follow, where few such retries may run at once. */
export const retriedClass = ({ lastFailure }: Candidate["state"]): FailureClass | undefined =>
  lastFailure && GATED_CLASSES.includes(lastFailure.class) ? lastFailure.class : undefined;

/**
 * The place that an attempt takes, if there is room: where it shall run, or without an accelerator once it has waited
 * for one long enough.
 */
export function roomFor(
  { unit, state, placed }: Candidate,
  { job, actions, room, freeInAll, waitingSinceMs, gpuRoomMs, nowMs }: Round,
): { placed: Placed; withoutGpuBecause?: string } | Hold {
  const hasRoom = ({ pool }: Placed) => actions.length < freeInAll && (room.get(pool) ?? 0) > 0;
  if (hasRoom(placed)) return { placed };
  const onCpu = placed.gpu && unit.withoutGpu ? grown(unit.withoutGpu, state, job.spec) : undefined;
  if (!onCpu || "refused" in onCpu) return { pools: [placed.pool] };
  const sinceMs = waitingSinceMs.get(placed.pool) ?? nowMs;
  if (sinceMs + gpuRoomMs > nowMs) return { pools: [placed.pool], untilMs: sinceMs + gpuRoomMs };
  if (!hasRoom(onCpu)) return { pools: [...new Set([placed.pool, onCpu.pool])] };
  const waitedSeconds = Math.round((nowMs - sinceMs) / 1000);
  const withoutGpuBecause = `pool ${placed.pool} has had no room for ${waitedSeconds} s: runs without an accelerator in pool ${onCpu.pool}`;
  return { placed: onCpu, withoutGpuBecause };
}
