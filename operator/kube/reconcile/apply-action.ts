/** What each action of a decision does in the cluster. Owns no order among them: a pass applies them one by one. */
import { API_VERSION } from "../../../crds/group.ts";
import { gateOf } from "../../core/queue/retry-gate.ts";
import type { ObservedAttempt } from "../../core/reconcile/attempt.ts";
import type { Action, StartAttempt } from "../../core/reconcile/decision.ts";
import { isAlreadyExists, isConflict } from "../api/api-error.ts";
import { keyOf, type ObjectRef } from "../api/kube-object.ts";
import { JOBS, type Job, MEDIA_JOBS, NODES, type StoredMediaJob } from "../api/resources.ts";
import { hasEnded } from "../jobs/job-conditions.ts";
import { unreachableSinceMs } from "../jobs/node-reach.ts";
import { ownerOfJob } from "../jobs/owner.ts";
import { ATTEMPT_ANNOTATIONS, unitJob } from "../jobs/unit-job.ts";
import { giveBackPlaces } from "./places.ts";
import type { Shell } from "./shell.ts";

export async function apply(job: StoredMediaJob, action: Action, shell: Shell): Promise<void> {
  if (action.do === "StartAttempt") return await start(job, action, shell);
  if (action.do === "StopAttempt") return await stop(job, action, shell);
  if (action.do === "FailAttempt") return await fail(job, action, shell);
  const { client, mediaJobs, fence } = shell;
  const preconditions = { uid: job.metadata.uid };
  const deleting = await client.delete(MEDIA_JOBS, job.metadata, { ...fence(), preconditions });
  if (deleting) mediaJobs.observe(deleting);
  else mediaJobs.observeGone(job);
}

/**
 * In the foreground: the Job stays to be seen until its pod is gone, and holds its unit so long. Only as it was seen
 * when that was decided: one that has ended since, which the watch has yet to tell, keeps what it made.
 */
async function stop(
  { metadata }: StoredMediaJob,
  { attempt }: Extract<Action, { do: "StopAttempt" }>,
  shell: Shell,
): Promise<void> {
  const { client, jobs, fence } = shell;
  const ref = { namespace: metadata.namespace, name: attempt.name };
  if (attempt.lost) await isStillLost(ref, attempt, shell);
  const running = jobs.get(ref);
  if (!running || running.metadata.deletionTimestamp) return;
  const { uid, resourceVersion } = running.metadata;
  const options = { ...fence(), propagationPolicy: "Foreground" } as const;
  try {
    const preconditions = { uid, ...(resourceVersion && { resourceVersion }) };
    const deleting = await client.delete(JOBS, ref, { ...options, preconditions });
    if (attempt.lost) shell.usage.lose({ ...ref, owner: metadata.uid }); // counts from the next pass on, which follows at once
    if (deleting) jobs.observe(deleting);
    else jobs.observeGone(running);
  } catch (error) {
    if (!isConflict(error)) throw error;
    const found = await client.get(JOBS, ref);
    if (found) jobs.observe(found);
    else jobs.observeGone(running);
    throw error; // to decide anew
  }
}

/**
 * Asks once more, since another attempt follows: the watches may be behind. @throws when the attempt has ended or its
 * node answers: then that counts, and all is decided anew.
 */
async function isStillLost(
  ref: ObjectRef,
  { unreachable }: ObservedAttempt,
  { client, jobs, nodes }: Shell,
): Promise<void> {
  const node = unreachable && (await client.get(NODES, { name: unreachable.node }));
  if (node && unreachableSinceMs(node) === undefined) {
    nodes.observe(node);
    throw new Error(`node ${unreachable.node} was taken for lost, but answers: deciding anew`);
  }
  const found = await client.get(JOBS, ref);
  if (found) jobs.observe(found);
  if (!found || !hasEnded(found)) return;
  throw new Error(`Job ${ref.name} was taken for lost with its node, but has ended: deciding anew`);
}

/**
 * Lets the Job's own deadline end it, a second after its start: so it stays, failed, as the record of an
 * attempt that counts, with the reason beside it.
 */
async function fail(
  { metadata }: StoredMediaJob,
  { attempt, reason, because }: Extract<Action, { do: "FailAttempt" }>,
  { client, jobs, fence }: Shell,
): Promise<void> {
  const patch = {
    metadata: {
      annotations: {
        [ATTEMPT_ANNOTATIONS.failedBecause]: because.slice(0, 1024),
        [ATTEMPT_ANNOTATIONS.failedReason]: reason,
      },
    },
    spec: { activeDeadlineSeconds: 1 },
  };
  const ref = { namespace: metadata.namespace, name: attempt.name };
  jobs.observe(await client.mergePatch(JOBS, ref, patch, fence()));
}

/** A Job that is nobody's we know of has the name of one that is to be made. */
export class NameTaken extends Error {
  override readonly name = "NameTaken";
}

const isOurs = ({ metadata }: Job): boolean =>
  metadata.ownerReferences?.some(({ apiVersion }) => apiVersion === API_VERSION) ?? false;

/** Creates the Job of an attempt; that it exists already is fine when it is this MediaJob's own. */
async function start(job: StoredMediaJob, action: StartAttempt, shell: Shell): Promise<void> {
  const { client, jobs, configuration, fence, echoes } = shell;
  const { unit, attempt, placed, finalize } = action;
  const gate = action.retryOf && gateOf(action.retryOf, job.spec.priority);
  const draft = unitJob({
    ...{ job, planned: unit, attempt, placed, finalize, gate },
    configuration: configuration(),
  });
  const ref = { namespace: job.metadata.namespace, name: draft.metadata.name ?? "" };
  try {
    jobs.observe(await echoes.during(JOBS, ref, () => client.create(JOBS, draft, fence())));
    shell.onStart(job, action);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = await client.get(JOBS, ref);
    if (!found || ownerOfJob(found)?.uid !== job.metadata.uid) {
      giveBackPlaces(keyOf(job.metadata), shell);
      const why = `Job ${ref.name} exists and is not owned by MediaJob ${job.metadata.name} (${job.metadata.uid})`;
      // One of a MediaJob that was deleted goes soon by itself.
      if (!found || isOurs(found)) throw new Error(why, { cause: error });
      throw new NameTaken(`${why}; delete or rename it`, { cause: error });
    }
    jobs.observe(found);
  }
}
