import {
  type MediaJobStatus,
  type Phase,
  TERMINAL_PHASES,
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
 */
export function historyOf(
  { phase: from, history = [] }: Pick<MediaJobStatus, "phase" | "history">,
  { phase: to, reason }: PhaseVerdict,
  now: string,
): Transition[] {
  if (from === to) return history;
  const added = { time: now, ...(from && { from }), to, reason: causeOf(from, to) ?? reason };
  return [...history, added].slice(-MAX_TRANSITIONS);
}

/** Why a phase that rests is left is not said by the phase that follows: it is the user's deed. */
function causeOf(from: Phase | undefined, to: Phase): string | undefined {
  if (!from || to === "Cancelled" || to === "Failed") return undefined;
  if (TERMINAL_PHASES.includes(from) || from === "RecoveryRequired") return "Retried";
  return from === "Suspended" && !TERMINAL_PHASES.includes(to) ? "Resumed" : undefined;
}
