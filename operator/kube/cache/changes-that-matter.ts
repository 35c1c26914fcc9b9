import type { Job, Pod, StoredMediaJob } from "../api/resources.ts";
import { hasEnded as hasJobEnded, trueConditions } from "../jobs/job-conditions.ts";
import { podHasEnded } from "../jobs/pod-phase.ts";
import type { Change } from "./store.ts";

/**
 * Whether a change can lead to another decision. The cluster touches every object many times in its life, and
 * each pass that finds nothing new costs as much as one that does.
 */

export const mediaJobMatters = (change: Change<StoredMediaJob>): boolean => !change.own;

/** As the write of a status makes it. */
export const isStatusOnly = (change: Change<StoredMediaJob>): boolean =>
  change.type === "updated" &&
  change.object.metadata.generation === change.previous.metadata.generation &&
  change.object.metadata.deletionTimestamp === change.previous.metadata.deletionTimestamp;

/** As the creation of an attempt makes it. */
export const isNewJob = (change: Change<Job>): boolean =>
  change.type === "added" && !hasJobEnded(change.object) && !isDeleting(change.object);

/** An answer to a write of ours is no news, unless it tells that the Job has ended: no other word of it will come. */
export const jobMatters = (change: Change<Job>): boolean =>
  (!change.own || (change.type !== "deleted" && hasJobEnded(change.object))) &&
  (change.type !== "updated" || stateOfJob(change.object) !== stateOfJob(change.previous));

const stateOfJob = (job: Job): string =>
  JSON.stringify([isDeleting(job), trueConditions(job).filter((type) => !ANNOUNCEMENTS.includes(type))]);

/** Set while a Job's pods still end, moments before Complete or Failed. */
const ANNOUNCEMENTS: readonly string[] = ["SuccessCriteriaMet", "FailureTarget"];

const isDeleting = ({ metadata }: Job): boolean => metadata.deletionTimestamp !== undefined;

/**
 * That a pod was made, scheduled and pulled its image is its Job's business; that it cannot begin is ours, and that it gets
 * a node after all, for which others may wait. How it ends is ours too, once its Job has ended: an attempt is over only then, and the Job tells when.
 *
 * @param job as it is known; null when it is gone
 */
export function podMatters(change: Change<Pod>, job: Job | null): boolean {
  if (change.type === "deleted") return true;
  if (podHasEnded(change.object) && job && !hasJobEnded(job) && !isDeleting(job)) return false;
  if (change.type === "added") return podHasEnded(change.object);
  const hasGotANode = isUnscheduled(change.previous) && !isUnscheduled(change.object);
  return hasGotANode || stateOfPod(change.object) !== stateOfPod(change.previous);
}

const isUnscheduled = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === "PodScheduled" && status === "False") ?? false;

const stateOfPod = (pod: Pod): string =>
  JSON.stringify([
    podHasEnded(pod),
    pod.status?.containerStatuses?.flatMap(({ state }) => state?.waiting?.message ?? []) ?? [],
    pod.status?.conditions?.flatMap(({ type, status }) => (type === "DisruptionTarget" ? [status] : [])) ??
      [],
  ]);
