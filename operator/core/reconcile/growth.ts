import { isTerminal } from "../../../crds/media-job-status.ts";
import { isOver } from "../is-over.ts";
import { awaitsFacts, type Growth, type Plan, reportsItself } from "../plan/plan.ts";
import { decide } from "./decide.ts";
import type { Observation } from "./decision.ts";
import { factsFor } from "./facts.ts";
import { foldUnits } from "./fold-units.ts";
import { DEFAULT_POLICY, type Policy } from "./policy.ts";
import { withLostAttempts } from "./trouble.ts";

/** Why the plan grows before anything else is decided; undefined when it does not. */
export function growthOf(
  plan: Plan,
  observed: Observation,
  policy: Policy = DEFAULT_POLICY,
): Growth | undefined {
  if (isOver(observed.job)) return undefined; // whatever is found out after the end
  // As decisions see them: what is lost with its node is over, though its pod may stay for as long as the node is away.
  const attempts = withLostAttempts(observed.attempts, policy, observed.nowMs);
  const observation = { ...observed, attempts };
  const facts = awaitsFacts(plan) ? factsFor(plan, observation) : undefined;
  if (facts) return { why: "SourcesKnown", facts };
  return endsUnreported(plan, observation, policy) ? { why: "ReportMissing" } : undefined;
}

/**
 * Whether a MediaJob of one unit would be over now, with something begun, and no report of how it ended. The unit writes
 * that within its last attempt; one that was killed could not, and that of an earlier attempt tells of another end.
 */
function endsUnreported(plan: Plan, observation: Observation, policy: Policy): boolean {
  const { job, attempts } = observation;
  const begun = job.status?.startTime !== undefined || attempts.length > 0;
  if (!reportsItself(plan, job.spec) || !begun) return false;
  const [only] = foldUnits(observation, plan);
  if (!only || only.state.state === "Running" || isClosed(only.state, only.fresh)) return false;
  if (only.state.state === "Ended" && only.state.result?.reportUri) return false;
  return isTerminal(decide(observation, plan, policy).status.phase);
}

/** Taken into the status by an earlier pass. */
const isClosed = ({ state }: { state: string }, fresh: boolean): boolean => state === "Ended" && !fresh;
