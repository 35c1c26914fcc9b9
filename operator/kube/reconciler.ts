import { LABELS } from "../../crds/group.ts";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";
import { childName } from "../core/child-name.ts";
import type { Configuration } from "../core/configuration.ts";
import { type Facts, mayGrow, type Plan } from "../core/plan/plan.ts";
import type { Breakers } from "../core/queue/breaker.ts";
import type { OutputClaims } from "../core/queue/output-claims.ts";
import { gateOf, type RetryLine } from "../core/queue/retry-gate.ts";
import type { RoomWaits } from "../core/queue/room-waits.ts";
import type { WaitingLine } from "../core/queue/waiting-line.ts";
import { attemptNumber, isFirstOfLater, type ObservedAttempt } from "../core/reconcile/attempt.ts";
import { decide } from "../core/reconcile/decide.ts";
import type {
  Action,
  Announcement,
  Decision,
  DeliveryOutcome,
  Measured,
  UnitProgress,
} from "../core/reconcile/decision.ts";
import { factsFor } from "../core/reconcile/facts.ts";
import { DEFAULT_POLICY, type Policy } from "../core/reconcile/policy.ts";
import { withLostAttempts } from "../core/reconcile/trouble.ts";
import { isAlreadyExists, isRefusal, nullWhenNotFound } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import {
  confirm,
  fetchMissing,
  findUnseen,
  jobNameOf,
  observe,
  standingOf,
  unreachableSinceMs,
} from "./gather.ts";
import { hasEnded } from "./job-conditions.ts";
import { keyOf, type ObjectKey, refOf } from "./kube-object.ts";
import { mergePatchOf } from "./merge-patch.ts";
import type { PlanStore } from "./plan-store.ts";
import type { PoolUsage } from "./pool-usage.ts";
import type { ProgressPace } from "./progress-pace.ts";
import { JOBS, type Job, MEDIA_JOBS, NODES, type Node, type Pod, type StoredMediaJob } from "./resources.ts";
import { ownerUids, type Store } from "./store.ts";
import { ATTEMPT_ANNOTATIONS, unitJob } from "./unit-job.ts";
import type { Warnings } from "./warnings.ts";
import type { Requeue } from "./work-queue.ts";

/** What a pass reads and writes. */
export interface Shell {
  client: Pick<KubeClient, "get" | "create" | "delete" | "list" | "mergePatch">;
  mediaJobs: Store<StoredMediaJob, "uid">;
  jobs: Store<Job, "owner">;
  pods: Store<Pod, "mediaJob" | "node">;
  nodes: Store<Node>;
  warnings: Warnings;
  /** UIDs of Jobs that have ended and whose pod is known to be gone. */
  podless: Set<string>;
  /** UIDs of MediaJobs that lost a Job, and so may be gone themselves. */
  doubted: Set<string>;
  configuration(): Configuration;
  plans: PlanStore;
  usage: PoolUsage;
  line: WaitingLine;
  breakers: Breakers;
  retryLine: RetryLine;
  roomWaits: RoomWaits;
  claims: OutputClaims;
  clock: Clock;
  progressPace: ProgressPace;
  progressOf(jobUid: string): ReadonlyMap<string, UnitProgress>;
  deliveriesOf(key: ObjectKey): readonly DeliveryOutcome[];
  /** The time in which a write is surely ours alone, as its time limit. @throws when none is left. */
  fence(): { timeoutMs: number };
  onStart(start: StartAttempt): void;
  onMeasured(measured: Measured): void;
  /** The status as the API server has it after this pass. */
  onStatus(key: ObjectKey, job: StoredMediaJob, previous: MediaJobStatus | undefined): void;
  onAnnouncement(job: StoredMediaJob, announcement: Announcement): void;
}

type StartAttempt = Extract<Action, { do: "StartAttempt" }>;

/**
 * One pass over one MediaJob: gather, decide, apply, write the status once. Safe to repeat after a crash
 * between any two lines: a Job's name follows from its attempt, so creating it again finds it there; and the
 * status comes last, so it never runs ahead of the cluster.
 */
export async function reconcile(key: ObjectKey, shell: Shell): Promise<Requeue> {
  const known = shell.mediaJobs.get(refOf(key));
  if (!known) {
    giveBackPlaces(key, shell); // of a pass that ended in an error while it was deleted
    return { afterMs: null };
  }
  let plan = await shell.plans.of(known, shell.configuration(), shell.fence());
  let job = await gather(key, known, shell);
  for (let facts: Facts | undefined; job; job = await gather(key, known, shell)) {
    facts = mayGrow(plan) ? factsFor(plan, observe(key, job, shell)) : undefined;
    if (!facts) break;
    plan = await shell.plans.extend(job, plan, {
      facts,
      configuration: shell.configuration(),
      limits: shell.fence(),
    });
  }
  if (!job) {
    shell.line.remove(key); // what will never start is not to be woken for a place, again and again
    shell.retryLine.leave(key);
    giveBackPlaces(key, shell);
    return { afterMs: null }; // garbage collection ends what it owned
  }

  const decision = decideNow(key, job, plan, shell);
  try {
    for (const action of decision.actions) await apply(job, action, shell);
  } catch (error) {
    if (isRefusal(error)) giveBackPlaces(key, shell);
    throw error;
  }
  if (decision.actions.some((action) => action.do === "DeleteMediaJob")) return { afterMs: null };
  const patch = newsOf(job, decision.status);
  const holdMs = patch && isProgressOnly(patch) ? shell.progressPace.waitMs(key, shell.clock.now()) : 0;
  const written = patch && holdMs === 0 ? await writeStatus(job, patch, shell) : job;
  if (!written) {
    giveBackPlaces(key, shell);
    return { afterMs: null };
  }
  for (const announcement of decision.announcements) shell.onAnnouncement(written, announcement);
  for (const measured of decision.measured) shell.onMeasured(measured);
  shell.onStatus(key, written, job.status);
  return { afterMs: soonest(decision.requeueAfterMs, waiting(decision, shell), holdMs || null) };
}

/** Fetches what the caches cannot know; the MediaJob as it is then, undefined when it is gone or going. */
async function gather(
  key: ObjectKey,
  known: StoredMediaJob,
  shell: Shell,
): Promise<StoredMediaJob | undefined> {
  do {
    await confirm(known, shell);
    await findUnseen(known, shell);
    await fetchMissing(known, shell);
  } while (shell.doubted.has(known.metadata.uid));
  const job = shell.mediaJobs.get(refOf(key));
  return job?.metadata.uid === known.metadata.uid && !job.metadata.deletionTimestamp ? job : undefined;
}

/**
 * When to tell a waiting MediaJob its place in the line anew. The longer the line, the less often, so that
 * all of them together cost some ten writes a second at most.
 */
const waiting = ({ waitingFor }: Decision, { line }: Shell): number | null =>
  waitingFor.size ? Math.max(30_000, line.size * 100) : null;

function soonest(...times: readonly (number | null)[]): number | null {
  const due = times.filter((time) => time !== null);
  return due.length ? Math.min(...due) : null;
}

/**
 * Gives back the places that were taken for a MediaJob's Jobs which are not there. A pod may be seen before its Job
 * is. To be called when none of the Jobs is just being created.
 */
function giveBackPlaces(mediaJob: ObjectKey, { usage, mediaJobs, jobs, pods }: Shell): void {
  const uid = mediaJobs.get(refOf(mediaJob))?.metadata.uid;
  const podOf = new Set(uid ? pods.byIndex("mediaJob", uid).map(jobNameOf) : []);
  usage.releaseUnseen(mediaJob, (key) => {
    const ref = refOf(key);
    return jobs.get(ref) ? "Seen" : podOf.has(ref.name) ? "Maybe" : "Gone";
  });
}

/** Decides and, in the same turn, takes the places in the pools that the decision counts on. */
function decideNow(key: ObjectKey, job: StoredMediaJob, plan: Plan, shell: Shell): Decision {
  giveBackPlaces(key, shell); // of an earlier pass that failed midway
  const policy = policyOf(shell.configuration());
  const observation = observe(key, job, shell);
  const { namespace } = job.metadata;
  for (const { name, lost } of withLostAttempts(observation.attempts, policy, observation.nowMs)) {
    if (lost) shell.usage.lose(keyOf({ namespace, name })); // counts from the next pass on, which follows at once
  }
  const decision = decide(observation, plan, policy);
  for (const action of decision.actions) {
    if (action.do !== "StartAttempt") continue;
    const { placed, retryOf } = action;
    const gate = retryOf && gateOf(retryOf, job.spec.priority);
    shell.usage.reserve(jobKey(job, action), { pool: placed.pool, gate, mediaJob: key });
  }
  if (decision.gatedBy) shell.retryLine.wait(key, gateOf(decision.gatedBy, job.spec.priority));
  else shell.retryLine.leave(key);
  shell.roomWaits.set(key, decision.waitingFor.keys(), observation.nowMs);
  noteOutcomes(job, decision, shell);
  shell.line.set({ ...standingOf(key, job), wants: decision.waitingFor });
  return decision;
}

/** Tells the breakers what failed and what went well, and that a probe is under way. */
function noteOutcomes(job: StoredMediaJob, { status, actions, newFailures }: Decision, shell: Shell): void {
  const { breakers, clock } = shell;
  const nowMs = clock.date().getTime();
  if ((status.units?.succeeded ?? 0) > (job.status?.units?.succeeded ?? 0)) breakers.succeeded(job);
  for (const { class: failureClass } of newFailures) breakers.failed(job, failureClass, nowMs);
  if (actions.some((action) => action.do === "StartAttempt")) breakers.probing(job, nowMs);
}

const policyOf = ({ recovery }: Configuration): Policy => ({
  ...DEFAULT_POLICY,
  unreachableNodeMs: recovery.unreachableNodeSeconds * 1000,
  startDeadlineMs: recovery.startDeadlineSeconds * 1000,
  gpuRoomMs: recovery.gpuRoomSeconds * 1000,
});

const jobKey = ({ metadata }: StoredMediaJob, { unit, attempt }: StartAttempt): ObjectKey =>
  keyOf({ namespace: metadata.namespace, name: childName(metadata.name, unit.name, attempt) });

async function apply(job: StoredMediaJob, action: Action, shell: Shell): Promise<void> {
  if (action.do === "StartAttempt") return await start(job, action, shell);
  if (action.do === "StopAttempt") return await stop(job, action, shell);
  if (action.do === "FailAttempt") return await fail(job, action, shell);
  const { client, mediaJobs, fence } = shell;
  const preconditions = { uid: job.metadata.uid };
  const deleting = await client.delete(MEDIA_JOBS, job.metadata, { ...fence(), preconditions });
  if (deleting) mediaJobs.observe(deleting);
  else mediaJobs.observeGone(job);
}

/** In the foreground: the Job stays to be seen until its pod is gone, and holds its unit so long. */
async function stop(
  { metadata }: StoredMediaJob,
  { attempt }: Extract<Action, { do: "StopAttempt" }>,
  shell: Shell,
): Promise<void> {
  const { client, jobs, fence } = shell;
  const running = jobs.get({ namespace: metadata.namespace, name: attempt.name });
  if (!running || running.metadata.deletionTimestamp) return;
  if (attempt.lost) await isStillLost(running, attempt, shell);
  const preconditions = { uid: running.metadata.uid };
  const options = { ...fence(), propagationPolicy: "Foreground", preconditions } as const;
  const deleting = await client.delete(JOBS, running.metadata, options);
  if (deleting) jobs.observe(deleting);
  else jobs.observeGone(running);
}

/**
 * Asks once more, since another attempt follows: the watches may be behind. @throws when the attempt has ended or its
 * node answers: then that counts, and all is decided anew.
 */
async function isStillLost(
  { metadata }: Job,
  { unreachable }: ObservedAttempt,
  { client, jobs, nodes }: Shell,
): Promise<void> {
  const node = unreachable && (await client.get(NODES, { name: unreachable.node }));
  if (node && unreachableSinceMs(node) === undefined) {
    nodes.observe(node);
    throw new Error(`node ${unreachable.node} was taken for lost, but answers: deciding anew`);
  }
  const found = await client.get(JOBS, metadata);
  if (!found || !hasEnded(found)) return;
  jobs.observe(found);
  throw new Error(`Job ${metadata.name} was taken for lost with its node, but has ended: deciding anew`);
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

/**
 * Asks whether the cache is behind, before a raised retryGeneration gives an attempt a name that no other has: what
 * the last one came to may not be known, or that it runs. The one after the last that is known would be there.
 *
 * @throws when it is: then all is decided anew
 */
async function missesNothing(
  { metadata, status }: StoredMediaJob,
  { unit }: StartAttempt,
  { client, jobs }: Shell,
): Promise<void> {
  const { namespace } = metadata;
  const known = jobs
    .byIndex("owner", metadata.uid)
    .filter(({ metadata: { labels } }) => labels?.[LABELS.unit] === unit.name)
    .map(({ metadata: { labels } }) => Number(labels?.[LABELS.attempt]));
  const last = Math.max(0, ...known);
  const next = new Set([last + 1, attemptNumber(status?.retryGeneration ?? 0, 1)]);
  for (const attempt of next) {
    if (known.includes(attempt)) continue;
    const found = await client.get(JOBS, { namespace, name: childName(metadata.name, unit.name, attempt) });
    if (!found || !ownerUids(found).includes(metadata.uid)) continue;
    jobs.observe(found);
    throw new Error(`Job ${found.metadata.name} was not known: deciding anew`);
  }
}

/** Creates the Job of an attempt; that it exists already is fine when it is this MediaJob's own. */
async function start(job: StoredMediaJob, action: StartAttempt, shell: Shell): Promise<void> {
  const { client, jobs, configuration, fence } = shell;
  const { unit, attempt, placed, finalize } = action;
  if (isFirstOfLater(attempt)) await missesNothing(job, action, shell);
  const gate = action.retryOf && gateOf(action.retryOf, job.spec.priority);
  const draft = unitJob({
    ...{ job, planned: unit, attempt, placed, finalize, gate },
    configuration: configuration(),
  });
  try {
    jobs.observe(await client.create(JOBS, draft, fence()));
    shell.onStart(action);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = await client.get(JOBS, {
      namespace: job.metadata.namespace,
      name: draft.metadata.name ?? "",
    });
    if (!found || !ownerUids(found).includes(job.metadata.uid)) {
      giveBackPlaces(keyOf(job.metadata), shell);
      throw new Error(
        `Job ${draft.metadata.name} exists and is not owned by MediaJob ${job.metadata.name} (${job.metadata.uid}); delete or rename it`,
        { cause: error },
      );
    }
    jobs.observe(found);
  }
}

/** What differs, if a person would see it: that the estimate of the remaining time moved with the clock is no news. */
function newsOf(job: StoredMediaJob, status: MediaJobStatus): Record<string, unknown> | undefined {
  const previous = job.status ?? {};
  const patch = mergePatchOf(previous, status);
  return patch && !isEtaOnly(patch) ? patch : undefined;
}

/**
 * Writes the status. Fails with Conflict, and is decided anew, when somebody else wrote since `job` was read.
 * Null when it is gone, which the cache then knows before its watch says so: or its Jobs, which garbage collection
 * ends, would be made again.
 */
async function writeStatus(
  job: StoredMediaJob,
  patch: Record<string, unknown>,
  shell: Shell,
): Promise<StoredMediaJob | null> {
  shell.progressPace.shown(keyOf(job.metadata), shell.clock.now());
  const patching = shell.client.mergePatch(
    MEDIA_JOBS,
    job.metadata,
    { metadata: { resourceVersion: job.metadata.resourceVersion }, status: patch },
    { subresource: "status", ...shell.fence() },
  );
  const written = await nullWhenNotFound(patching);
  if (written) shell.mediaJobs.observe(written);
  else shell.mediaJobs.observeGone(job);
  return written;
}

const isProgressOnly = (patch: Record<string, unknown>): boolean =>
  Object.keys(patch).every((field) => field === "progress");

const isEtaOnly = ({ progress, ...rest }: Record<string, unknown>): boolean =>
  Object.keys(rest).length === 0 &&
  Object.keys(progress ?? {}).every((field) => /^eta(Max)?Seconds$/.test(field));
