import type { Pause } from "../../core/queue/pause.ts";
import { keyOf, refOf } from "../api/kube-object.ts";
import type { Pod, StoredMediaJob } from "../api/resources.ts";
import { hasEnded } from "../jobs/job-conditions.ts";
import { unreachableSinceMs } from "../jobs/node-reach.ts";
import { jobNameOf, type Owner, ownerKey } from "../jobs/owner.ts";
import { podHasEnded } from "../jobs/pod-phase.ts";
import type { Shell } from "./shell.ts";

type ConflictView = Pick<
  Shell,
  "claims" | "mediaJobs" | "usage" | "jobs" | "pods" | "nodes" | "configuration"
>;

/** How often one that waits for another looks again by itself. Mostly it is woken before. */
const CONFLICT_MS = 30_000;

/**
 * Two MediaJobs must not write the same files at once; who comes later waits. What finalizes does not: it writes none of
 * them, and who cancels what waits does not wait for the other's end.
 */
export function conflictOf(
  { metadata: { namespace, uid } }: StoredMediaJob,
  shell: ConflictView,
  nowMs: number,
): Pause | undefined {
  // Those who write the same files are of one namespace.
  const mayWrite = (uid: string) => isStarting(uid, shell) || isAtWork({ namespace, uid }, shell, nowMs);
  const blocker = shell.claims.blockerOf(uid, mayWrite);
  if (!blocker) return undefined;
  const isHeld = shell.mediaJobs.get(refOf(blocker))?.status?.phase === "RecoveryRequired";
  const wayOut = isHeld
    ? " and is in RecoveryRequired: raise its spec.retryGeneration, or cancel or delete it"
    : "";
  const message = `waits for MediaJob ${blocker}, which writes the same files${wayOut}; after it, spec.destination.onConflict decides`;
  return {
    reason: "OutputConflict",
    message,
    starts: 0,
    sparesFinalize: true,
    untilMs: nowMs + CONFLICT_MS,
  };
}

/** Whether a pass beside this one has decided to start something that nobody has seen yet. */
const isStarting = (uid: string, { mediaJobs, usage }: Pick<Shell, "mediaJobs" | "usage">): boolean =>
  mediaJobs.byIndex("uid", uid).some(({ metadata }) => usage.unseen(keyOf(metadata)).length > 0);

/** Whether workers of a MediaJob may be writing. What is on a node that is given up is not waited for. */
export function isAtWork(
  mediaJob: Owner,
  { jobs, pods, nodes, configuration }: Pick<Shell, "jobs" | "pods" | "nodes" | "configuration">,
  nowMs: number,
): boolean {
  const lostMs = configuration().recovery.unreachableNodeSeconds * 1000;
  const isLost = ({ spec }: Pod) => {
    const sinceMs = spec?.nodeName && unreachableSinceMs(nodes.get({ name: spec.nodeName }));
    return sinceMs !== undefined && sinceMs !== "" && sinceMs + lostMs <= nowMs;
  };
  const own = pods.byIndex("mediaJob", ownerKey(mediaJob));
  const lost = new Set(own.filter(isLost).map(jobNameOf));
  return (
    own.some((pod) => !podHasEnded(pod) && !isLost(pod)) ||
    jobs.byIndex("owner", ownerKey(mediaJob)).some((job) => !hasEnded(job) && !lost.has(job.metadata.name))
  );
}
