import type { FailureReason } from "../../../crds/failures.ts";
import { isTerminal } from "../../../crds/media-job-status.ts";
import { isOver } from "../is-over.ts";
import { awaitsFacts, finalizesItself, type Growth, mayGrow, type Plan } from "../plan/plan.ts";
import { decide } from "./decide.ts";
import type { Observation } from "./decision.ts";
import { factsFor } from "./facts.ts";
import { failedAttempts } from "./failed-attempts.ts";
import { foldUnits } from "./fold-units.ts";
import { DEFAULT_POLICY, type Policy } from "./policy.ts";
import { withLostAttempts } from "./trouble.ts";

/** Why the plan grows before anything else is decided; undefined when it does not. */
export function growthOf(
  plan: Plan,
  observed: Observation,
  policy: Policy = DEFAULT_POLICY,
): Growth | undefined {
  if (!mayGrow(plan)) return undefined;
  if (isOver(observed.job)) return undefined; // whatever is found out after the end
  // As decisions see them: what is lost with its node is over, though its pod may stay for as long as the node is away.
  const attempts = withLostAttempts(observed.attempts, policy, observed.nowMs);
  const observation = { ...observed, attempts };
  const facts = awaitsFacts(plan) ? factsFor(plan, observation) : undefined;
  if (facts) return { why: "SourcesKnown", facts };
  return endsUnfinalized(plan, observation, policy) ? { why: "NotFinalized" } : undefined;
}

/**
 * Whether a MediaJob of one unit would be over now, with something begun, and not finalized: the report of how it ended
 * is missing, or files lie about that it has not published. The unit sees to both within its last attempt; one that was
 * killed could not, and the report of an earlier attempt tells of another end.
 */
function endsUnfinalized(plan: Plan, observation: Observation, policy: Policy): boolean {
  const { job, attempts } = observation;
  const begun = job.status?.startTime !== undefined || attempts.length > 0;
  if (!finalizesItself(plan) || !begun) return false;
  if (!job.spec.report && !leftFiles(observation)) return false;
  const [only] = foldUnits(observation, plan);
  if (!only || only.state.state === "Running" || isClosed(only.state, only.fresh)) return false;
  if (only.state.state === "Ended" && only.state.result?.reportUri) return false;
  return isTerminal(decide(observation, plan, policy).status.phase);
}

/** Reasons of which a worker has not begun. */
const NOT_BEGUN: ReadonlySet<string> = new Set<FailureReason>([
  "PodNotStarted",
  "NotAdmitted",
  "NotScheduled",
  "QuotaExceeded",
  "HardwareUnavailable",
]);

/** What container runtimes say of a container that they could not make. */
const NOT_MADE = 128;

/**
 * Whether an attempt may have left files: it began, and did not come to its end. One that does, however badly, tells of
 * it, tidies up behind itself, and before it begins, behind those before it. So does one that is told to stop.
 */
function leftFiles({ job, attempts }: Observation): boolean {
  const failed = failedAttempts(attempts, job.status?.attempts ?? []);
  const tidy = [
    ...attempts.filter(({ state }) => state === "Succeeded"),
    ...failed.filter(({ cpuSeconds }) => cpuSeconds !== undefined), // it told of itself
  ];
  const tidyTo = Math.max(0, ...tidy.map(({ attempt }) => attempt));
  return failed.some(
    ({ attempt, reason, exitCode }) => attempt > tidyTo && !NOT_BEGUN.has(reason) && exitCode !== NOT_MADE,
  );
}

/** Taken into the status by an earlier pass. */
const isClosed = ({ state }: { state: string }, fresh: boolean): boolean => state === "Ended" && !fresh;
