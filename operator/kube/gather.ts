import type { Pause } from "../core/queue/pause.ts";
import { standingMs } from "../core/queue/standing.ts";
import type { Observation } from "../core/reconcile/decision.ts";
import { hasEnded } from "./job-conditions.ts";
import type { ObjectKey } from "./kube-object.ts";
import { observeAttempts } from "./observe-attempts.ts";
import type { Shell } from "./reconciler.ts";
import { PODS, type StoredMediaJob } from "./resources.ts";
import { kueueQueueOf } from "./unit-job.ts";

/** On every pod of a Job, by the Job controller. */
const JOB_NAME = "batch.kubernetes.io/job-name";

/** How long a pod may take to be made, and its container, before the cluster is asked what is the matter. */
const USUAL_MS = 10_000;

/**
 * Asks the API server for what the caches cannot know: the pod of a Job that has ended, when none is known
 * (it was deleted, or its watch is behind; it holds the result); and the warnings about what does not start.
 */
export async function fetchMissing({ metadata }: StoredMediaJob, shell: Shell): Promise<void> {
  const { client, jobs, pods, warnings, clock } = shell;
  const podOf = new Map(
    pods.byIndex("mediaJob", metadata.uid).map((pod) => [pod.metadata.labels?.[JOB_NAME], pod] as const),
  );
  const old = (creationTimestamp = "") => clock.date().getTime() - Date.parse(creationTimestamp) > USUAL_MS;
  for (const job of jobs.byIndex("owner", metadata.uid)) {
    if (job.metadata.deletionTimestamp) continue;
    const pod = podOf.get(job.metadata.name);
    if (hasEnded(job)) {
      if (pod) continue;
      const labelSelector = `${JOB_NAME}=${job.metadata.name}`;
      const { items } = await client.list(PODS, { namespace: job.metadata.namespace, labelSelector });
      for (const found of items) pods.observe(found);
    } else if (!pod) {
      if (old(job.metadata.creationTimestamp)) await warnings.ask(job.metadata);
    } else if (pod.status?.phase === "Pending" && old(pod.metadata.creationTimestamp)) {
      await warnings.ask(pod.metadata);
    }
  }
}

/** Where a MediaJob stands among those that wait. */
export const standingOf = (key: ObjectKey, { metadata, spec }: StoredMediaJob) => ({
  key,
  namespace: metadata.namespace ?? "",
  standing: standingMs(Date.parse(metadata.creationTimestamp ?? ""), spec.priority),
});

/** Everything that is known of a MediaJob in this moment. */
export function observe(key: ObjectKey, job: StoredMediaJob, shell: Shell): Observation {
  const { uid } = job.metadata;
  const { usage, line, nodes, warnings } = shell;
  const self = standingOf(key, job);
  const nowMs = shell.clock.date().getTime();
  const runningIn = (namespace: string) => usage.runningIn(namespace);
  const free = [...usage.free(self.namespace)].map(
    ([pool, places]) => [pool, line.leftFor(self, pool, places, runningIn)] as const,
  );
  return {
    job,
    attempts: observeAttempts(shell.jobs.byIndex("owner", uid), shell.pods.byIndex("mediaJob", uid), {
      unreachableSinceMs: (name) => unreachableSinceMs(nodes.get({ name })),
      warningOf: (uid) => warnings.of(uid),
    }),
    progress: shell.progressOf(uid),
    deliveries: shell.deliveriesOf(key),
    free: new Map(kueueQueueOf(job) ? free.map(([pool]) => [pool, Number.POSITIVE_INFINITY]) : free),
    pause: conflictOf(key, shell) ?? shell.breakers.pauseOf(job, nowMs),
    position: line.position(self, runningIn),
    nowMs,
  };
}

/** Two MediaJobs must not write the same files at once; the younger waits for the older. */
function conflictOf(key: ObjectKey, { claims }: Shell): Pause | undefined {
  const blocker = claims.blockerOf(key);
  if (!blocker) return undefined;
  const message = `waits for MediaJob ${blocker}, which writes the same files; after it, spec.destination.onConflict decides`;
  return { reason: "OutputConflict", message, starts: 0, untilMs: null };
}

/** The node controller sets a node's Ready to Unknown when its kubelet has not been heard of for 50 s. */
function unreachableSinceMs(node: ReturnType<Shell["nodes"]["get"]>): number | undefined {
  const ready = node?.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "Unknown") return undefined;
  return Date.parse(ready.lastTransitionTime ?? "") || undefined;
}
