import type { V1ContainerStateTerminated } from "@kubernetes/client-node";
import { LABELS } from "../../../crds/group.ts";
import { type UnitResult, unitResult } from "../../../crds/result.ts";
import type { ObservedAttempt } from "../../core/reconcile/attempt.ts";
import type { Wire } from "../api/kube-object.ts";
import type { Job, Pod } from "../api/resources.ts";
import { hasEnded as hasJobEnded } from "./job-conditions.ts";
import { jobNameOf, jobOf } from "./owner.ts";
import { podHasEnded } from "./pod-phase.ts";
import { ATTEMPT_ANNOTATIONS } from "./unit-job.ts";

/** What else is known of the cluster. */
export interface Surroundings {
  /** Since when a node has not answered, in ms since 1970; undefined for one that does, or is not known. */
  unreachableSinceMs(node: string): number | undefined;
  /** The latest warning about an object, from the cluster's Events, as far as they were asked for. */
  warningOf(uid: string): { reason: string; message: string } | undefined;
  /** How far the cluster is behind in making pods. */
  podLagMs?: number;
  /** Jobs are created suspended, and somebody else resumes them. */
  heldUntilResumed?: boolean;
}

/**
 * The attempts at a MediaJob's units, read from its Jobs and their pods. A pod outlives its Job while it
 * ends; it holds its unit until it is gone, so that no unit runs twice at once.
 */
export function observeAttempts(
  jobs: readonly Job[],
  pods: readonly Pod[],
  surroundings: Surroundings,
): ObservedAttempt[] {
  const podsByJob = Map.groupBy(pods, (pod) => jobOf(pod)?.uid);
  const known = new Set<string | undefined>(jobs.map((job) => job.metadata.uid));
  const orphans = pods.filter((pod) => !known.has(jobOf(pod)?.uid));
  return [
    ...jobs.map((job) => ofJob(job, podsByJob.get(job.metadata.uid) ?? [], surroundings)),
    ...orphans.filter((pod) => !podHasEnded(pod)).map((pod) => ofOrphan(pod, surroundings)),
  ];
}

function ofJob(job: Job, pods: readonly Pod[], surroundings: Surroundings): ObservedAttempt {
  const { annotations, deletionTimestamp } = job.metadata;
  const pod = latest(pods);
  const terminated = terminatedOf(pod);
  const condition = (type: string) =>
    job.status?.conditions?.find((c) => c.type === type && c.status === "True");
  const [complete, failed] = [condition("Complete"), condition("Failed")];
  const disruption = pod?.status?.conditions?.find(
    (c) => c.type === "DisruptionTarget" && c.status === "True",
  );
  const result = pod && resultOf(pod);
  // By the control plane's clock, which delays are waited for by: a node's may be an hour ahead.
  const endedAt = (complete ?? failed)?.lastTransitionTime ?? terminated?.finishedAt;
  const { reason: podReason, message: podMessage } = pod?.status ?? {};
  const message = disruption?.message ?? podMessage ?? failed?.message;
  const live = pods.some((pod) => !podHasEnded(pod));
  const state = stateOf({
    deleting: deletionTimestamp !== undefined,
    complete: complete !== undefined,
    failed: failed !== undefined,
    live,
  });
  const suspended = isSuspended(job, pod, surroundings);
  const ending = condition("SuccessCriteriaMet") ?? condition("FailureTarget"); // it gets no pod any more
  const waiting = state === "Active" && !suspended && !ending ? waitingOf(job, pod, surroundings) : undefined;
  const failedBecause = failed && annotations?.[ATTEMPT_ANNOTATIONS.failedBecause];
  const deadlineExceeded = failed?.reason === "DeadlineExceeded";
  return {
    ...identityOf(job),
    pool: annotations?.[ATTEMPT_ANNOTATIONS.pool] ?? "",
    memoryBytes: Number(annotations?.[ATTEMPT_ANNOTATIONS.memoryBytes] ?? 0),
    state,
    ...(annotations?.[ATTEMPT_ANNOTATIONS.gpu] && { gpu: true }),
    ...(suspended && { suspended }),
    ...(endedAt && { endedAtMs: Date.parse(endedAt) }),
    ...(result && { result }),
    ...(terminated && { exitCode: terminated.exitCode }),
    ...(terminated?.reason === "OOMKilled" && { oomKilled: true }),
    ...(isLost(terminated) && { containerLost: true }),
    ...(failed && podReason && { podReason }),
    ...(disruption && { disrupted: true }),
    ...(deadlineExceeded && { deadlineExceeded }),
    ...(failed && !deadlineExceeded && !pod && { podGone: true }),
    ...(failedBecause && { failedBecause }),
    ...(failedBecause &&
      annotations?.[ATTEMPT_ANNOTATIONS.failedReason] && {
        failedReason: annotations[ATTEMPT_ANNOTATIONS.failedReason],
      }),
    ...(message && { message }),
    ...(waiting && { waiting }),
    ...placeOf(pod, surroundings),
    ...(deletionTimestamp && { deleting: true }),
  };
}

/** The Job controller says so a moment after a Job was created suspended, and where it is resumed at once, never. */
function isSuspended(job: Job, pod: Pod | undefined, { heldUntilResumed }: Surroundings): boolean {
  const told = job.status?.conditions?.find(({ type }) => type === "Suspended");
  return told ? told.status === "True" : heldUntilResumed === true && !pod && !hasJobEnded(job);
}

const ofOrphan = (pod: Pod, surroundings: Surroundings): ObservedAttempt => ({
  ...identityOf(pod),
  name: jobNameOf(pod),
  pool: "",
  memoryBytes: 0,
  state: "Ending",
  deleting: true,
  ...placeOf(pod, surroundings),
});

function placeOf(pod: Pod | undefined, { unreachableSinceMs }: Surroundings) {
  const node = pod?.spec?.nodeName;
  const sinceMs = node && !podHasEnded(pod) ? unreachableSinceMs(node) : undefined;
  return {
    ...(node && { node }),
    ...(node && sinceMs !== undefined && { unreachable: { node, sinceMs } }),
  };
}

/**
 * The Job and its pod are watched apart, so either may be seen first. The pod holds the result, and it holds
 * the unit: until it is seen to have ended, a Job that has ended is still ending.
 */
function stateOf({
  deleting,
  complete,
  failed,
  live,
}: {
  deleting: boolean;
  complete: boolean;
  failed: boolean;
  live: boolean;
}): ObservedAttempt["state"] {
  if (live) return deleting || complete || failed ? "Ending" : "Active";
  if (complete) return "Succeeded";
  if (failed) return "Failed";
  return deleting ? "Ending" : "Active";
}

function identityOf({ metadata }: Job | Pod): Pick<ObservedAttempt, "unit" | "attempt" | "name"> {
  const labels = metadata.labels ?? {};
  return {
    name: metadata.name,
    unit: labels[LABELS.unit] ?? "",
    attempt: Number(labels[LABELS.attempt] ?? 1),
  };
}

/** Several pods are there only while the Job controller replaces one that the cluster lost. */
const latest = (pods: readonly Pod[]): Pod | undefined =>
  pods.toSorted((a, b) => createdMs(a) - createdMs(b)).at(-1);

/** Since when a Job may have a pod: since it was created, or resumed. */
function letGoMs(job: Job): number {
  const resumed = job.status?.conditions?.find((c) => c.type === "Suspended" && c.status === "False");
  return Math.max(createdMs(job), Date.parse(resumed?.lastTransitionTime ?? "") || 0);
}

const createdMs = ({ metadata }: Pod | Job): number => Date.parse(metadata.creationTimestamp ?? "") || 0;

const terminatedOf = (pod: Pod | undefined): Wire<V1ContainerStateTerminated> | undefined =>
  pod?.status?.containerStatuses?.find(({ name }) => name === "worker")?.state?.terminated;

/** Neither the kubelet nor the container runtime knows how it ended: after a restart of either, or of the node. */
const isLost = (terminated: Wire<V1ContainerStateTerminated> | undefined): boolean =>
  terminated?.reason === "ContainerStatusUnknown" ||
  (terminated?.reason === "Unknown" && terminated.exitCode === 255);

/** Waiting of this kind is usual: an image is pulled, a volume mounted. Only long it is trouble. */
const USUAL = new Set(["ContainerCreating", "PodInitializing"]);

/** How long it is usual. Pulling half a gigabyte takes its time. */
const USUAL_MS = 60_000;

/** How long the cluster may take to make a pod while it says of nothing that keeps it: with a thousand Jobs it is busy. */
const WORDLESS_MS = 40_000;

/** And as many times longer than it took for those that it has just made. */
const WORDLESS_LAGS = 2;

/** Why no container runs yet, in the cluster's own words: Unschedulable, ImagePullBackOff, exceeded quota, … */
function waitingOf(
  job: Job,
  pod: Pod | undefined,
  { warningOf, podLagMs = 0 }: Surroundings,
): ObservedAttempt["waiting"] {
  if (!pod) {
    if (countsAPod(job)) return undefined; // which is not seen yet, or no more: then the Job tells its end
    const warning = warningOf(job.metadata.uid);
    return {
      reason: warning?.reason ?? "PodNotCreated",
      message: warning?.message ?? "the cluster has not made its pod yet",
      sinceMs: letGoMs(job) + (warning ? 0 : WORDLESS_MS + WORDLESS_LAGS * podLagMs),
    };
  }
  const unscheduled = pod.status?.conditions?.find((c) => c.type === "PodScheduled" && c.status === "False");
  if (unscheduled) {
    const { reason = "Unschedulable", message = "no node takes its pod" } = unscheduled;
    return { reason, message, sinceMs: Date.parse(unscheduled.lastTransitionTime ?? "") || createdMs(pod) };
  }
  const waiting = pod.status?.containerStatuses?.find(({ name }) => name === "worker")?.state?.waiting;
  if (!waiting) return undefined;
  const { reason = "ContainerWaiting", message } = waiting;
  if (!USUAL.has(reason)) return { reason, message: message ?? reason, sinceMs: createdMs(pod) };
  const warning = warningOf(pod.metadata.uid);
  return {
    reason: warning?.reason ?? reason,
    message: warning?.message ?? message ?? "its container is being made",
    sinceMs: createdMs(pod) + (warning ? 0 : USUAL_MS),
  };
}

const countsAPod = ({ status }: Job): boolean => (status?.active ?? 0) + (status?.terminating ?? 0) > 0;

/** What a pod has left, by the pod as it was seen: every pass asks for it, and to read it takes longer than the rest. */
const results = new WeakMap<Pod, UnitResult | undefined>();

function resultOf(pod: Pod): UnitResult | undefined {
  const message = terminatedOf(pod)?.message;
  if (!message) return undefined;
  if (!results.has(pod)) results.set(pod, parseResult(message));
  return results.get(pod);
}

function parseResult(message: string): UnitResult | undefined {
  try {
    return unitResult.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined; // The kubelet's own words, e.g. why the container could not be made.
  }
}
