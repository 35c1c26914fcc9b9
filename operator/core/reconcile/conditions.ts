import type { Condition, ConditionType, MediaJobStatus, Phase } from "../../../crds/media-job-status.ts";
import { shortened } from "../shortened.ts";
import type { PhaseVerdict } from "./phase.ts";
import type { Trouble } from "./trouble.ts";

/** What the CRD lets a condition say. */
const MAX_MESSAGE = 4096;

type Truth = "True" | "False";

/**
 * The conditions of each phase. Ready, Reconciling and Stalled are kstatus', which Argo CD, Flux and
 * `kubectl wait` read: Reconciling is true while work goes on, Stalled when nothing more will come without
 * a person. Complete and Failed are those of a Kubernetes Job; a MediaJob that made only a part of its
 * outputs is Complete, since it ended as its failurePolicy says, and its reason tells.
 */
const TRUTHS: Record<Phase, Record<Exclude<ConditionType, "Planned">, Truth>> = {
  Pending: row("reconciling"),
  Planning: row("reconciling", "admitted"),
  Queued: row("reconciling"),
  Running: row("reconciling", "admitted"),
  Suspended: row(),
  RecoveryRequired: row("stalled"),
  Succeeded: row("ready", "admitted", "complete"),
  PartiallySucceeded: row("ready", "admitted", "complete"),
  Failed: row("stalled", "admitted", "failed"),
  Cancelled: row("stalled", "failed"),
};

function row(...trues: readonly string[]): Record<Exclude<ConditionType, "Planned">, Truth> {
  const truth = (name: string): Truth => (trues.includes(name) ? "True" : "False");
  return {
    Ready: truth("ready"),
    Reconciling: truth("reconciling"),
    Stalled: truth("stalled"),
    Admitted: truth("admitted"),
    Complete: truth("complete"),
    Failed: truth("failed"),
  };
}

/** What the condition Ready says: the message of the phase. */
export const readyMessage = ({ conditions }: MediaJobStatus): string | undefined =>
  conditions?.find(({ type }) => type === "Ready")?.message;

/** The conditions of a phase, and of what troubles it; lastTransitionTime moves only when a condition's status changes. */
export function conditionsOf({
  verdict,
  trouble,
  plannedMessage,
  previous,
  generation,
  now,
}: {
  verdict: PhaseVerdict;
  /** Makes it Stalled although it is not over: nothing comes along, and the cluster says why. */
  trouble: Trouble | undefined;
  /** Unset while there is no plan, or one of nothing but probes. */
  plannedMessage?: string | undefined;
  previous: readonly Condition[];
  generation: number | undefined;
  /** RFC 3339. */
  now: string;
}): Condition[] {
  const condition = (type: ConditionType, status: Truth, reason: string, message: string): Condition => {
    const before = previous.find((item) => item.type === type);
    return {
      type,
      status,
      ...(generation !== undefined && { observedGeneration: generation }),
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
      reason,
      message: shortened(message, MAX_MESSAGE),
    };
  };
  const truths = Object.entries(TRUTHS[verdict.phase]) as [ConditionType, Truth][];
  return [
    ...truths.map(([type, status]) =>
      type === "Stalled" && trouble
        ? condition(type, "True", trouble.reason, trouble.message)
        : condition(type, status, verdict.reason, verdict.message),
    ),
    plannedMessage === undefined
      ? condition("Planned", "False", verdict.reason, verdict.message)
      : condition("Planned", "True", "Planned", plannedMessage),
  ];
}
