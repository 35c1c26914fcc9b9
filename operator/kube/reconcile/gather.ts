import { LABELS } from "../../../crds/group.ts";
import type { Plan } from "../../core/plan/plan.ts";
import { kueueQueueOf } from "../../core/queue/kueue.ts";
import { GATED_CLASSES, gateOf, retriesAllowed } from "../../core/queue/retry-gate.ts";
import { askingSinceMs, standingMs } from "../../core/queue/standing.ts";
import type { Observation } from "../../core/reconcile/decision.ts";
import { settledUnits } from "../../core/reconcile/fold-units.ts";
import { keyOf, type ObjectKey } from "../api/kube-object.ts";
import { JOBS, type Job, MEDIA_JOBS, PODS, type StoredMediaJob } from "../api/resources.ts";
import { hasEnded } from "../jobs/job-conditions.ts";
import { unreachableSinceMs } from "../jobs/node-reach.ts";
import { observeAttempts } from "../jobs/observe-attempts.ts";
import { isPodOf, jobOf, ownerKey } from "../jobs/owner.ts";
import { conflictOf } from "./output-conflict.ts";
import type { Shell } from "./shell.ts";

/** On every pod of a Job, by the Job controller. */
const JOB_NAME = "batch.kubernetes.io/job-name";

/** How long a pod may take to be made, and its container, before the cluster is asked what is the matter. */
const USUAL_MS = 15_000;

/**
 * Asks the API server for a MediaJob of which the cache may be wrong. One of its Jobs went: then garbage collection may
 * have taken it, and the watch of MediaJobs be behind that of Jobs; the work of what was deleted would begin anew. Or
 * nobody knows whether its status was written: what is decided from an older one would be decided twice.
 */
export async function confirm(
  known: StoredMediaJob,
  { client, mediaJobs, doubted }: Pick<Shell, "client" | "mediaJobs" | "doubted">,
): Promise<void> {
  const { uid } = known.metadata;
  if (!doubted.delete(uid)) return; // before the question: what comes up meanwhile is asked about again
  try {
    const found = await client.get(MEDIA_JOBS, known.metadata);
    if (found?.metadata.uid === uid) mediaJobs.observe(found);
    else mediaJobs.observeGone(known);
  } catch (error) {
    doubted.add(uid);
    throw error;
  }
}

/** Asks for the Jobs that an earlier pass may have made, though it was not told so. */
export async function findUnseen(
  { metadata }: StoredMediaJob,
  { client, jobs, usage }: Shell,
): Promise<void> {
  for (const job of usage.unseen(keyOf(metadata))) {
    if (jobs.get(job)) continue;
    const found = await client.get(JOBS, job);
    if (found) jobs.observe(found);
  }
}

/**
 * Asks the API server for what the caches cannot know: the warnings about what does not start; and the pod of a Job
 * that has ended, when none is known (it was deleted, or its watch is behind; it holds the result), unless its unit is
 * settled. Once this resolves, no such Job is known to have ended whose pod was not asked for, also none that ended
 * meanwhile: what is decided in the same turn mistakes no missing news for a missing result.
 */
export async function fetchMissing(mediaJob: StoredMediaJob, plan: Plan, shell: Shell): Promise<void> {
  await askWhatIsTheMatter(mediaJob, shell);
  const asked = new Set<string>();
  for (;;) {
    const [job] = endedWithoutPod(mediaJob, plan, shell).filter(
      ({ metadata: { uid } }) => !asked.has(uid) && !shell.podless.has(uid),
    );
    if (!job) return;
    asked.add(job.metadata.uid);
    const labelSelector = `${JOB_NAME}=${job.metadata.name}`;
    const { items } = await shell.client.list(PODS, { namespace: job.metadata.namespace, labelSelector });
    for (const found of items) shell.pods.observe(found);
    if (!items.some((pod) => isPodOf(pod, job))) shell.podless.add(job.metadata.uid); // for good: a Job that has ended makes no pod
  }
}

function endedWithoutPod(mediaJob: StoredMediaJob, plan: Plan, { mediaJobs, jobs, pods }: Shell): Job[] {
  const { metadata } = mediaJob;
  const known = new Set(pods.byIndex("mediaJob", ownerKey(metadata)).map((pod) => jobOf(pod)?.uid));
  const ended = jobs
    .byIndex("owner", ownerKey(metadata))
    .filter((job) => hasEnded(job) && !known.has(job.metadata.uid));
  if (ended.length === 0) return ended;
  const settled = settledUnits(mediaJobs.get(metadata) ?? mediaJob, plan);
  return ended.filter((job) => !settled.has(job.metadata.labels?.[LABELS.unit] ?? ""));
}

async function askWhatIsTheMatter({ metadata }: StoredMediaJob, shell: Shell): Promise<void> {
  const { jobs, pods, warnings, clock } = shell;
  const { namespace = "" } = metadata;
  const podOf = new Map(
    pods.byIndex("mediaJob", ownerKey(metadata)).map((pod) => [jobOf(pod)?.uid, pod] as const),
  );
  const old = (creationTimestamp = "") => clock.date().getTime() - Date.parse(creationTimestamp) > USUAL_MS;
  for (const job of jobs.byIndex("owner", ownerKey(metadata))) {
    if (job.metadata.deletionTimestamp || hasEnded(job)) continue;
    const pod = podOf.get(job.metadata.uid);
    if (!pod) {
      if (old(job.metadata.creationTimestamp)) await warnings.ask(namespace);
    } else if (pod.status?.phase === "Pending" && old(pod.metadata.creationTimestamp)) {
      await warnings.ask(namespace);
    }
  }
}

/** Where a MediaJob stands among those that wait. */
export const standingOf = (key: ObjectKey, job: StoredMediaJob, nowMs: number) => ({
  key,
  namespace: job.metadata.namespace ?? "",
  standing: standingMs(askingSinceMs(job, nowMs), job.spec.priority),
});

/** Everything that is known of a MediaJob in this moment. */
export function observe(key: ObjectKey, job: StoredMediaJob, shell: Shell): Observation {
  const { uid } = job.metadata;
  const owner = ownerKey(job.metadata);
  const { usage, line, nodes, warnings } = shell;
  const nowMs = shell.clock.date().getTime();
  const self = standingOf(key, job, nowMs);
  const runningIn = (namespace: string) => usage.runningIn(namespace);
  const keptFor = kueueQueueOf(job) ? new Map<string, string>() : shell.keptRoom.from(self, nowMs);
  const free = [...usage.free(self.namespace)].map(
    ([pool, places]) => [pool, keptFor.has(pool) ? 0 : line.leftFor(self, pool, places, runningIn)] as const,
  );
  return {
    job,
    attempts: observeAttempts(shell.jobs.byIndex("owner", owner), shell.pods.byIndex("mediaJob", owner), {
      unreachableSinceMs: (name) => unreachableSinceMs(nodes.get({ name })),
      warningOf: (uid) => warnings.of(self.namespace, uid),
      podLagMs: shell.podLag.ms(nowMs),
      heldUntilResumed: kueueQueueOf(job) !== undefined,
    }),
    progress: shell.progress.of(uid),
    deliveries: shell.deliveriesOf(key),
    endpoints: shell.configuration().webhooks.endpoints,
    free: new Map(kueueQueueOf(job) ? free.map(([pool]) => [pool, Number.POSITIVE_INFINITY]) : free),
    ...(!kueueQueueOf(job) && {
      freeInAll: line.leftInAll(self, usage.shared(self.namespace), usage.room(), runningIn),
      shared: usage.shared(self.namespace),
      retryRoom: retryRoomOf(job, shell),
    }),
    rejections: shell.rejections.of(uid),
    waitingSinceMs: shell.roomWaits.of(key) ?? new Map(),
    pauses: [conflictOf(job, shell, nowMs) ?? [], shell.breakers.pauseOf(job, nowMs) ?? []].flat(),
    position: line.position(self, runningIn),
    ...(keptFor.size && { keptFor }),
    nowMs,
  };
}

/** How many retries of each class may start now, at the MediaJob's priority. */
function retryRoomOf({ spec }: StoredMediaJob, { usage, configuration }: Shell) {
  const most = configuration().recovery.retriesAtOnce[spec.priority];
  const load = usage.load();
  return new Map(
    GATED_CLASSES.map((failureClass) => {
      const allowed = retriesAllowed(failureClass, { most, load });
      return [failureClass, allowed - usage.retrying(gateOf(failureClass, spec.priority))] as const;
    }),
  );
}
