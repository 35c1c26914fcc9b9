import type { FailureClass } from "../../../crds/failures.ts";
import type { MediaJob, MediaJobSpec } from "../../../crds/media-job.ts";
import type { Failure } from "../../../crds/result.ts";
import type { Placement } from "../plan/placement.ts";
import { isFinalize, type PlannedUnit } from "../plan/plan.ts";
import { mebi, parseQuantity } from "../quantity.ts";
import type { Pause } from "../queue/pause.ts";
import { GATED_CLASSES } from "../queue/retry-gate.ts";
import { attemptBefore } from "./attempt.ts";
import type { Action, Observation, Placed } from "./decision.ts";
import { type FoldedUnit, hasEndedBadly } from "./fold-units.ts";
import type { Intent } from "./intent.ts";
import type { RejectedUnits } from "./rejected-units.ts";
import type { Trouble } from "./trouble.ts";
import { givenUp, UNIT_LETTERS, type UnitLetter, type UnitState } from "./unit-state.ts";

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

type Waiting = Extract<UnitState, { state: "Waiting" }>;

/** How often a unit whose retry waits for others to end looks again by itself. Mostly it is woken before. */
const GATED_MS = 15_000;

/**
 * Chooses the attempts to start: in the order of the plan, at most `parallelism` at once, as many as each pool has room
 * for. One that needs others starts when they have succeeded, and is cancelled when one has not. A unit that waits for
 * a full pool holds nobody else up. What finalizes runs alone, once all else has ended, also after a stop; where nothing
 * ever began there is nothing to finalize.
 */
export function startAttempts({
  job,
  units,
  intent,
  begun,
  free,
  freeInAll = Number.POSITIVE_INFINITY,
  pause,
  retryRoom = new Map(),
  waitingSinceMs = new Map(),
  rejected,
  gpuRoomMs,
  nowMs,
}: {
  job: MediaJob;
  units: readonly FoldedUnit[];
  intent: Intent;
  /** Whether anything was ever started. */
  begun: boolean;
  free: ReadonlyMap<string, number>;
  freeInAll: number | undefined;
  pause: Pause | undefined;
  retryRoom: Observation["retryRoom"];
  waitingSinceMs: Observation["waitingSinceMs"];
  rejected: RejectedUnits;
  gpuRoomMs: number;
  nowMs: number;
}): Starts {
  const starts: Starts = {
    actions: [],
    units: [],
    nextStartMs: null,
    waitingFor: new Map(),
  };
  const waitingFor = new Map<string, number>();
  const room = new Map(free);
  const retries = new Map(retryRoom);
  const lookAgain = (atMs: number) => {
    starts.nextStartMs = Math.min(starts.nextStartMs ?? atMs, atMs);
  };
  const finalizing = units.some(({ unit, state }) => isFinalize(unit) && state.state === "Running");
  let slots = job.spec.parallelism - units.filter(({ state }) => state.state === "Running").length;

  for (const folded of units) {
    const { unit, state } = folded;
    const needed = (unit.needs ?? []).map((index) => starts.units[index]);
    const placed = state.state === "Waiting" ? placeAttempt(unit, state, job.spec) : undefined;
    const end = endOf(folded, { before: starts.units, needed, placed, begun, intent, rejected });
    if (end || state.state !== "Waiting" || !placed || "refused" in placed) {
      starts.units.push(end ?? folded);
      continue;
    }
    const ready = isFinalize(unit)
      ? starts.units.every(hasEnded)
      : !finalizing && needed.every((other) => other && hasEnded(other));
    starts.units.push(folded);
    if (!ready || (intent.suspended && !intent.stop) || slots <= 0) continue;
    if (state.notBeforeMs > nowMs) {
      lookAgain(state.notBeforeMs);
      continue;
    }
    const nextTryMs = rejected.nextTryMs(unit.name, state.attempt);
    if (nextTryMs !== undefined) {
      const trouble = rejected.trouble();
      if (trouble) starts.rejectedBy = trouble;
      lookAgain(nextTryMs);
      continue;
    }
    if (pause && starts.actions.length >= pause.starts) {
      starts.pausedBy = pause;
      const untilMs = Math.max(pause.untilMs ?? Number.POSITIVE_INFINITY, nowMs + 1000);
      if (Number.isFinite(untilMs)) lookAgain(untilMs);
      continue;
    }
    const retryOf = gatedClassOf(state);
    if (retryOf && (retries.get(retryOf) ?? Number.POSITIVE_INFINITY) <= 0) {
      starts.gatedBy ??= retryOf;
      lookAgain(nowMs + GATED_MS);
      continue;
    }
    const hasRoom = ({ pool }: Placed) => starts.actions.length < freeInAll && (room.get(pool) ?? 0) > 0;
    const onCpu = unit.withoutGpu && grown(unit.withoutGpu, state, job.spec);
    const instead = placed.gpu && onCpu && !("refused" in onCpu) && !hasRoom(placed) ? onCpu : undefined;
    const gpuUntilMs = (waitingSinceMs.get(placed.pool) ?? nowMs) + gpuRoomMs;
    const mayDoWithout = gpuUntilMs <= nowMs ? instead : undefined;
    const chosen = [placed, mayDoWithout].find((place) => place && hasRoom(place));
    if (!chosen) {
      for (const pool of new Set([placed.pool, mayDoWithout?.pool ?? placed.pool]))
        waitingFor.set(pool, (waitingFor.get(pool) ?? 0) + 1);
      if (instead && !mayDoWithout) lookAgain(gpuUntilMs);
      continue;
    }
    room.set(chosen.pool, (room.get(chosen.pool) ?? 0) - 1);
    if (retryOf) retries.set(retryOf, (retries.get(retryOf) ?? Number.POSITIVE_INFINITY) - 1);
    slots--;
    const waitedSeconds = Math.round((nowMs - gpuUntilMs + gpuRoomMs) / 1000);
    starts.actions.push({
      do: "StartAttempt",
      unit,
      attempt: state.attempt,
      placed: chosen,
      ...(retryOf && { retryOf }),
      ...(chosen !== placed && {
        withoutGpuBecause: `pool ${placed.pool} has had no room for ${waitedSeconds} s: runs without an accelerator in pool ${chosen.pool}`,
      }),
    });
  }
  return { ...starts, waitingFor: atMost(slots, waitingFor) };
}

/** How a unit ends without another attempt; the first reason counts. Undefined when there is none. */
function endOf(
  folded: FoldedUnit,
  {
    before,
    needed,
    placed,
    begun,
    intent,
    rejected,
  }: {
    /** The units that come before it in the plan. */
    before: readonly FoldedUnit[];
    needed: readonly (FoldedUnit | undefined)[];
    /** Where its next attempt would run. */
    placed: Placement | undefined;
    begun: boolean;
    intent: Intent;
    rejected: RejectedUnits;
  },
): FoldedUnit | undefined {
  const { unit, state } = folded;
  if (intent.stop && !isFinalize(unit) && (state.state === "Waiting" || state.state === "Held"))
    return ended(folded, { letter: UNIT_LETTERS.cancelled });
  if (state.state !== "Waiting") return undefined;
  const last = isFinalize(unit) && before.every(hasEnded) && withoutFinalizing(state, { begun, intent });
  if (last) return ended(folded, last);
  if (needed.some(hasEndedBadly)) return ended(folded, { letter: UNIT_LETTERS.cancelled });
  if (placed && "refused" in placed)
    return refused(unit, state, { class: "config", reason: "NoPoolFits", message: placed.refused });
  const rejection = rejected.failureOf(unit.name, state.attempt);
  return rejection && refused(unit, state, rejection);
}

/** The class of the failure that an attempt would follow, where few such retries may run at once. */
const gatedClassOf = ({ lastFailure }: Waiting): FailureClass | undefined =>
  lastFailure && GATED_CLASSES.includes(lastFailure.class) ? lastFailure.class : undefined;

const hasEnded = ({ state }: FoldedUnit): boolean => state.state === "Ended";

/**
 * How what finalizes ends without another attempt: where nothing ever began there is nothing to clean up; and who
 * stops a MediaJob does not wait for a second try.
 */
function withoutFinalizing(
  { lastFailure }: Waiting,
  { begun, intent }: { begun: boolean; intent: Intent },
): { letter: UnitLetter; failure?: Failure } | undefined {
  if (!begun) return { letter: UNIT_LETTERS.cancelled };
  return intent.stop && lastFailure ? { letter: UNIT_LETTERS.failed, failure: lastFailure } : undefined;
}

/** Of the units that found no room, no more are waited for than parallelism would let start. */
const atMost = (slots: number, waitingFor: ReadonlyMap<string, number>): Map<string, number> =>
  new Map(slots > 0 ? [...waitingFor].map(([pool, units]) => [pool, Math.min(slots, units)]) : []);

/** A unit that ends without another attempt. */
const ended = ({ unit, state }: FoldedUnit, end: { letter: UnitLetter; failure?: Failure }): FoldedUnit => ({
  unit,
  state: {
    state: "Ended",
    attempt: state.state === "Waiting" ? attemptBefore(state.attempt) : 0,
    ...end,
  },
  fresh: true,
});

/** A unit whose next attempt cannot be. */
const refused = (
  unit: PlannedUnit,
  { attempt, lastResult: result }: Waiting,
  failure: Failure,
): FoldedUnit => ({
  unit,
  state: givenUp({ attempt: attemptBefore(attempt), failure, result }),
  fresh: true,
});

/** The planned placement, changed by what earlier attempts have shown: no accelerator after it failed, and what it takes. */
const placeAttempt = (unit: PlannedUnit, state: Waiting, spec: MediaJobSpec): Placement =>
  grown((state.withoutGpu && unit.withoutGpu) || unit.placement, state, spec);

/** A placement with more memory after running out of it, and more scratch after a disk was full, up to its pool's limits. */
function grown(
  planned: Placement,
  { memory, diskFailures = 0 }: Waiting,
  { resources: { maxMemory } }: MediaJobSpec,
): Placement {
  if ("refused" in planned) return planned;
  const placement = { ...planned, scratchBytes: grownScratch(planned, diskFailures) };
  if (!memory) return placement;
  const limitBytes = placement.memoryLimitBytes;
  const memoryBytes = Math.min(memory.wantedBytes, limitBytes);
  if (memoryBytes > memory.givenBytes) return { ...placement, memoryBytes };
  const isOwnLimit = maxMemory !== undefined && Math.floor(parseQuantity(maxMemory)) <= limitBytes;
  const bound = isOwnLimit
    ? `spec.resources.maxMemory lets a unit have ${mebi(limitBytes)}`
    : `a unit may have ${mebi(limitBytes)} in pool ${placement.pool}`;
  return { refused: `needs ${mebi(memory.wantedBytes)} of memory or more; ${bound}` };
}

/** Twice as much for each full disk, up to what a unit may have in the pool: it may as well have been the destination's. */
const grownScratch = ({ scratchBytes, scratchLimitBytes = scratchBytes }: Placed, diskFailures: number) =>
  Math.max(scratchBytes, Math.min(scratchBytes * 2 ** diskFailures, scratchLimitBytes));
