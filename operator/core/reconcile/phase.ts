import type { MediaJob } from "../../../crds/media-job.ts";
import type { Phase, TerminalPhase } from "../../../crds/media-job-status.ts";
import { counted } from "../counted.ts";
import { isAuxiliary, isFinalize, makesOutputs, onlyProbes, type Plan } from "../plan/plan.ts";
import { kueueQueueOf } from "../queue/kueue.ts";
import { type FoldedUnit, hasEndedBadly } from "./fold-units.ts";
import type { Intent } from "./intent.ts";
import type { SourceCounts } from "./source-counts.ts";
import type { Trouble } from "./trouble.ts";
import { UNIT_LETTERS } from "./unit-state.ts";

/** The phase with its reason, one CamelCase word, and a message for people. */
export interface PhaseVerdict {
  phase: Phase;
  reason: string;
  message: string;
}

/** Reasons of a phase in which nothing is made any more, and all that is left is to end. */
export const ENDING_REASONS = ["Finalizing", "Stopping"] as const;
type EndingReason = (typeof ENDING_REASONS)[number];

/**
 * The phase that follows from the units and the wish; the first rule that answers wins. A MediaJob that has
 * started stays Running while it waits for a retry or a place, so that nobody is told of starts twice. While all there is
 * to do is to probe its sources it is Planning in the same way.
 */
export function phaseOf(input: PhaseInput): PhaseVerdict {
  for (const rule of [finished, finalizing, stopping, suspended, heldByKueue, lostWork, running]) {
    const verdict = rule(input);
    if (verdict) return verdict;
  }
  const { reason, message } = input.heldBy ?? WAITING_FOR_ROOM;
  return { phase: "Queued", reason, message };
}

const WAITING_FOR_ROOM = { reason: "WaitingForRoom", message: "waits until there is room" };

interface PhaseInput {
  job: MediaJob;
  plan: Plan;
  units: readonly FoldedUnit[];
  sources: Pick<SourceCounts, "total" | "failed">;
  intent: Intent;
  /** Attempts that are started in this pass. */
  starting: number;
  /** What keeps units from starting whatever room there is; unset when nothing does. */
  heldBy: Trouble | undefined;
}

type PhaseRule = (input: PhaseInput) => PhaseVerdict | undefined;

const finished: PhaseRule = (input) =>
  input.units.every(({ state }) => state.state === "Ended") ? outcomeOf(input) : undefined;

/** What a MediaJob comes to; undefined while units run, or will, that make outputs. */
export function outcomeOf({
  plan,
  units: all,
  sources,
  intent,
}: Pick<PhaseInput, "plan" | "units" | "sources" | "intent">):
  | (PhaseVerdict & { phase: TerminalPhase })
  | undefined {
  const units = all.filter(({ unit }) => !isAuxiliary(unit));
  if (plan.awaitsFacts || units.some(({ state }) => state.state !== "Ended")) return undefined;
  const count = countLetters(units);
  const total = units.length;
  if (intent.stop?.reason === "Cancelled" && count.cancelled + count.failed > 0) {
    return {
      phase: "Cancelled",
      reason: "Cancelled",
      message: `cancelled after ${count.done} of ${total} units`,
    };
  }
  const late = intent.stop?.reason === "DeadlineExceeded" && !units.some((unit) => wasCutShort(unit, all)); // it ran out while finalizing
  if (intent.stop && intent.stop.reason !== "Cancelled" && !late) {
    return { phase: "Failed", reason: intent.stop.reason, message: intent.stop.message };
  }
  if (count.succeeded === total) return whole(all, total);
  const open = total - count.succeeded;
  if (countLetters(units.filter(({ unit }) => makesOutputs(unit))).done > 0) {
    const message = `${lackOf(sources, { open, total })}; see status.failures`;
    return { phase: "PartiallySucceeded", reason: "PartiallySucceeded", message };
  }
  const message =
    open === total
      ? `${theUnits(total)} failed; see status.failures`
      : `${open} of ${total} units failed, and no output is made; see status.failures`;
  return { phase: "Failed", reason: "UnitsFailed", message };
}

/** What is missing, in what was asked for: units are how the operator cut it. */
function lackOf({ total, failed }: PhaseInput["sources"], units: { open: number; total: number }): string {
  if (total > 1 && failed > 0)
    return `${failed} of ${total} sources ${failed === 1 ? "lacks" : "lack"} outputs`;
  return units.total === 1
    ? "the only unit failed in part"
    : `${units.open} of ${units.total} units failed or failed in part`;
}

/** Whether a stop ended it before it was done; what needs a unit that ended badly is cancelled without any. */
const wasCutShort = ({ unit, state }: FoldedUnit, all: readonly FoldedUnit[]): boolean =>
  state.state === "Ended" &&
  state.letter === UNIT_LETTERS.cancelled &&
  !(unit.needs ?? []).some((index) => hasEndedBadly(all[index]));

/**
 * All outputs are made. That a unit which makes none failed - one that probes or finalizes - is shown by the ledger, so
 * the phase says why it is what it is all the same.
 */
function whole(units: readonly FoldedUnit[], total: number): PhaseVerdict & { phase: "Succeeded" } {
  const failed = units.filter(
    ({ unit, state }) => isAuxiliary(unit) && state.state === "Ended" && state.letter === UNIT_LETTERS.failed,
  );
  if (!failed.length)
    return { phase: "Succeeded", reason: "Succeeded", message: `${theUnits(total)} succeeded` };
  const names = failed.slice(0, 5).map(({ unit }) => unit.name);
  const message = `${theUnits(total)} that ${total === 1 ? "makes" : "make"} outputs succeeded; ${names.join(", ")} failed, which cost no output: see status.warnings`;
  return { phase: "Succeeded", reason: "SucceededWithWarnings", message };
}

const theUnits = (total: number): string => (total === 1 ? "the only unit" : `all ${total} units`);

/** All outputs there will be are there; what is left is to clean up and to write the report. */
const finalizing: PhaseRule = (input) => {
  const { units, intent, starting } = input;
  const outcome = outcomeOf(input);
  const last = units.find(({ unit }) => isFinalize(unit))?.state;
  if (!outcome || (intent.suspended && last?.state === "Waiting" && !starting)) return undefined;
  const reason: EndingReason = "Finalizing";
  const isHeld = last?.state === "Running" && last.attempt.suspended;
  const doing = isHeld ? "what finalizes waits until Kueue admits it" : "finalizing";
  return { phase: "Running", reason, message: `${outcome.message}; ${doing}` };
};

const stopping: PhaseRule = ({ plan, intent }) => {
  if (!intent.stop) return undefined;
  const reason: EndingReason = "Stopping";
  return { phase: activePhase(plan), reason, message: `${intent.stop.message}; running units are ending` };
};

const suspended: PhaseRule = ({ units, intent }) => {
  if (!intent.suspended) return undefined;
  const active = units.filter(({ state }) => state.state === "Running" && !state.attempt.suspended).length;
  const message = active
    ? `spec.suspend is set; ${counted(active, "running unit finishes", "running units finish")}`
    : "spec.suspend is set";
  return { phase: "Suspended", reason: "Suspended", message };
};

const heldByKueue: PhaseRule = ({ job, units, starting }) => {
  const live = units.flatMap(({ state }) => (state.state === "Running" ? [state.attempt] : []));
  const startsHeld = starting > 0 && kueueQueueOf(job) !== undefined;
  const held = (startsHeld || (starting === 0 && live.length > 0)) && live.every((each) => each.suspended);
  if (!held || units.some(({ state }) => state.state === "Ended")) return undefined;
  return { phase: "Queued", reason: "WaitingForKueue", message: "waits until Kueue admits it" };
};

/** Lost work waits for a person, once nothing else is left to do. */
const lostWork: PhaseRule = ({ units, starting }) => {
  const held = units.filter(({ state }) => state.state === "Held");
  const waitsForOthers = ({ unit }: FoldedUnit) =>
    isFinalize(unit) || (unit.needs ?? []).some((index) => units[index]?.state.state !== "Ended");
  const busy =
    starting > 0 ||
    units.some(
      (folded) =>
        folded.state.state === "Running" || (folded.state.state === "Waiting" && !waitsForOthers(folded)),
    );
  if (!held.length || busy) return undefined;
  const message = `${lostWaits(held.length)}; raise spec.retryGeneration to run again what was lost`;
  return { phase: "RecoveryRequired", reason: "WorkLost", message };
};

const lostWaits = (units: number): string =>
  `${counted(units, "unit was lost", "units were lost")} and spec.recovery is Manual`;

const activePhase = (plan: Plan): "Planning" | "Running" => (onlyProbes(plan) ? "Planning" : "Running");

const running: PhaseRule = ({ job, plan, units, starting }) => {
  const live = units.flatMap(({ state }) => (state.state === "Running" ? [state.attempt] : []));
  const begun = live.length + starting > 0 || job.status?.startTime !== undefined;
  if (!begun) return undefined;
  const startsHeld = kueueQueueOf(job) === undefined ? 0 : starting;
  const held = live.filter(({ suspended }) => suspended).length + startsHeld;
  const active = live.length + starting - held;
  const ended = units.filter(({ state }) => state.state === "Ended").length;
  const lost = units.filter(({ state }) => state.state === "Held").length;
  const said = [
    ...(active > 0 || held === 0 ? [counted(active, "unit runs", "units run")] : []),
    ...(held > 0
      ? [counted(held, "unit waits until Kueue admits it", "units wait until Kueue admits them")]
      : []),
    `${ended} of ${units.length} ended`,
    ...(lost > 0 ? [`${lostWaits(lost)}; raise spec.retryGeneration to run again what was lost`] : []),
  ];
  const phase = activePhase(plan);
  const planning = phase === "Planning";
  const reason = held > 0 && active === 0 ? "WaitingForKueue" : planning ? "ProbingSources" : "UnitsRunning";
  const message = `${planning ? "its work is planned once its sources are probed: " : ""}${said.join(", ")}`;
  return { phase, reason, message };
};

/** How many units ended in which way; `done` made at least one output. */
export function countLetters(units: readonly FoldedUnit[]) {
  const of = (letter: string) =>
    units.filter(({ state }) => state.state === "Ended" && state.letter === letter).length;
  const [succeeded, partial] = [of(UNIT_LETTERS.succeeded), of(UNIT_LETTERS.partial)];
  return {
    succeeded,
    partial,
    failed: of(UNIT_LETTERS.failed),
    cancelled: of(UNIT_LETTERS.cancelled),
    done: succeeded + partial,
  };
}
