import type { MediaJob } from "../../crds/media-job.ts";
import { defaultConfiguration } from "../../operator/core/configuration.ts";
import { plan } from "../../operator/core/plan/plan.ts";
import { decide } from "../../operator/core/reconcile/decide.ts";
import type { Decision, Observation } from "../../operator/core/reconcile/decision.ts";
import { observation } from "./core.ts";

/** Passes over a MediaJob, and what a test reads of their decisions. */

/** What is decided of a MediaJob by its first plan, in the default pool. */
export function pass(fields: Partial<Observation>): Decision {
  const seen = observation(fields);
  return decide(seen, plan(seen.job.spec, defaultConfiguration().pools));
}

/** The job after a pass, as the API server would have it. */
export const advanced = (job: MediaJob, { status }: Decision): MediaJob => ({ ...job, status });

/** The attempts that are started, e.g. `image-0-a1`. */
export const starts = ({ actions }: Decision): string[] =>
  actions.flatMap((action) =>
    action.do === "StartAttempt" ? [`${action.unit.name}-a${action.attempt}`] : [],
  );

/** The Jobs of the attempts that are stopped. */
export const stops = ({ actions }: Decision): string[] =>
  actions.flatMap((action) => (action.do === "StopAttempt" ? [action.attempt.name] : []));

/** The conditions that are true. */
export const conditions = ({ status }: Decision): string[] =>
  (status.conditions ?? []).filter(({ status }) => status === "True").map(({ type }) => type);
