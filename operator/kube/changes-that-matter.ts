import { trueConditions } from "./job-conditions.ts";
import type { Job, Pod, StoredMediaJob } from "./resources.ts";
import type { Change } from "./store.ts";

/**
 * Whether a change can lead to another decision. The cluster touches every object many times in its life, and
 * each pass that finds nothing new costs as much as one that does.
 */

export const mediaJobMatters = (change: Change<StoredMediaJob>): boolean => !change.own;

export const jobMatters = (change: Change<Job>): boolean =>
  !change.own && (change.type !== "updated" || stateOfJob(change.object) !== stateOfJob(change.previous));

const stateOfJob = (job: Job): string =>
  JSON.stringify([job.metadata.deletionTimestamp !== undefined, trueConditions(job)]);

/** That a pod was made, scheduled and pulled its image is its Job's business; how it ends, or cannot begin, is ours. */
export const podMatters = (change: Change<Pod>): boolean =>
  change.type === "added"
    ? hasEnded(change.object)
    : change.type === "deleted" || stateOfPod(change.object) !== stateOfPod(change.previous);

const hasEnded = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

const stateOfPod = (pod: Pod): string =>
  JSON.stringify([
    hasEnded(pod),
    pod.status?.containerStatuses?.map(({ state }) => [state?.terminated?.exitCode, state?.waiting?.message]),
    pod.status?.conditions?.filter(({ type }) => type === "DisruptionTarget").map(({ status }) => status),
  ]);
