/** The places in pools that the Jobs of one MediaJob hold, or will. What there is in all is `PoolUsage`'s. */
import { childName } from "../../core/child-name.ts";
import { kueueQueueOf } from "../../core/queue/kueue.ts";
import { gateOf } from "../../core/queue/retry-gate.ts";
import type { Decision } from "../../core/reconcile/decision.ts";
import { type ObjectKey, refOf } from "../api/kube-object.ts";
import type { StoredMediaJob } from "../api/resources.ts";
import { jobNameOf, ownerKey, ownerOfJob } from "../jobs/owner.ts";
import type { Shell } from "./shell.ts";

/**
 * Takes the places of the Jobs that a decision wants, before any of them is created. What Kueue admits takes none, and is
 * only noted.
 */
export function takePlaces(
  key: ObjectKey,
  { metadata, spec }: StoredMediaJob,
  { actions }: Decision,
  { usage }: Shell,
): void {
  for (const action of actions) {
    if (action.do !== "StartAttempt") continue;
    const { unit, attempt, placed, retryOf } = action;
    const { namespace, uid: owner } = metadata;
    const job = { namespace, name: childName(metadata.name, unit.name, attempt), owner };
    const gate = retryOf && gateOf(retryOf, spec.priority);
    if (kueueQueueOf({ metadata })) usage.foresee(job, key);
    else usage.reserve(job, { pool: placed.pool, gate, mediaJob: key });
  }
}

/**
 * Gives back the places that were taken for a MediaJob's Jobs which are not there. A pod may be seen before its Job
 * is. To be called when none of the Jobs is just being created.
 */
export function giveBackPlaces(
  mediaJob: ObjectKey,
  { usage, mediaJobs, jobs, pods }: Pick<Shell, "usage" | "mediaJobs" | "jobs" | "pods">,
): void {
  const metadata = mediaJobs.get(refOf(mediaJob))?.metadata;
  const podOf = new Set(metadata ? pods.byIndex("mediaJob", ownerKey(metadata)).map(jobNameOf) : []);
  usage.releaseUnseen(mediaJob, (job) => {
    const found = jobs.get(job);
    if (found && ownerOfJob(found)?.uid === job.owner) return "Seen";
    return job.owner === metadata?.uid && podOf.has(job.name) ? "Maybe" : "Gone";
  });
}
