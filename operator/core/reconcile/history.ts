import {
  isTerminal,
  type MediaJobStatus,
  type Phase,
  type Transition,
} from "../../../crds/media-job-status.ts";
import type { PhaseVerdict } from "./phase.ts";

/** Transitions that are kept, the last ones: some 6 kB of a status. */
const MAX_TRANSITIONS = 50;

/**
 * The transitions of a MediaJob after a pass that found the given phase. Each is added by the one write that makes it
 * true, so it is there once, whatever is repeated or lost.
 *
 * @param now RFC 3339
 * @param stopping nothing starts any more: what rested is left to end, not to go on
 */
export function historyOf(
  { phase: from, history = [] }: Pick<MediaJobStatus, "phase" | "history">,
  { phase: to, reason }: PhaseVerdict,
  { now, stopping = false }: { now: string; stopping?: boolean },
): Transition[] {
  if (from === to) return history;
  const cause = stopping ? undefined : causeOf(from, to);
  const added = { time: now, ...(from && { from }), to, reason: cause ?? reason };
  return [...history, added].slice(-MAX_TRANSITIONS);
}

/** Why a phase that rests is left is not said by the phase that follows: it is the user's deed. */
function causeOf(from: Phase | undefined, to: Phase): string | undefined {
  if (!from || to === "Cancelled" || to === "Failed") return undefined;
  if (isTerminal(from)) return RETRIED;
  if (from === "RecoveryRequired") return to === "Suspended" ? undefined : RETRIED;
  return from === "Suspended" && !isTerminal(to) ? RESUMED : undefined;
}

const RESUMED = "Resumed";
const RETRIED = "Retried";

/** Whether the last transition is that somebody let a MediaJob go on. */
export function wentOn({ history = [] }: Pick<MediaJobStatus, "history">): boolean {
  const reason = history.at(-1)?.reason;
  return reason === RESUMED || reason === RETRIED;
}

/**
 * How long a MediaJob has been Running, all runs together, as far as its history tells: the time in which it was suspended,
 * waited for a person or had ended is no time that its work took.
 */
export const runningSeconds = (history: readonly Transition[], nowMs: number): number =>
  history.reduce((seconds, { to, time }, index) => {
    const leftMs = Date.parse(history[index + 1]?.time ?? "") || nowMs;
    return to === "Running" ? seconds + Math.max(0, leftMs - Date.parse(time)) / 1000 : seconds;
  }, 0);
