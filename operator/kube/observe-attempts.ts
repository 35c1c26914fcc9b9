import type { V1ContainerStateTerminated } from "@kubernetes/client-node";
import { LABELS } from "../../crds/group.ts";
import { type UnitResult, unitResult } from "../../crds/result.ts";
import type { ObservedAttempt } from "../core/reconcile/attempt.ts";
import type { Wire } from "./kube-object.ts";
import type { Job, Pod } from "./resources.ts";
import { ATTEMPT_ANNOTATIONS } from "./unit-job.ts";

/**
 * The attempts at a MediaJob's units, read from its Jobs and their pods. A pod outlives its Job while it
 * ends; it holds its unit until it is gone, so that no unit runs twice at once.
 */
export function observeAttempts(jobs: readonly Job[], pods: readonly Pod[]): ObservedAttempt[] {
  const podsByJob = Map.groupBy(pods, (pod) => pod.metadata?.labels?.["batch.kubernetes.io/job-name"] ?? "");
  const names = new Set(jobs.map((job) => job.metadata?.name ?? ""));
  const orphans = [...podsByJob].filter(([name]) => !names.has(name)).flatMap(([, pods]) => pods);
  return [
    ...jobs.map((job) => ofJob(job, podsByJob.get(job.metadata?.name ?? "") ?? [])),
    ...orphans.filter((pod) => !hasEnded(pod)).map(ofOrphan),
  ];
}

function ofJob(job: Job, pods: readonly Pod[]): ObservedAttempt {
  const pod = latest(pods);
  const terminated = terminatedOf(pod);
  const condition = (type: string) =>
    job.status?.conditions?.find((c) => c.type === type && c.status === "True");
  const [complete, failed] = [condition("Complete"), condition("Failed")];
  const ended = complete ?? failed;
  const disruption = pod?.status?.conditions?.find(
    (c) => c.type === "DisruptionTarget" && c.status === "True",
  );
  const result = parseResult(terminated?.message);
  const endedAt = terminated?.finishedAt ?? ended?.lastTransitionTime;
  const message = disruption?.message ?? waitingMessage(pod) ?? failed?.message;
  const live = pods.some((pod) => !hasEnded(pod));
  return {
    ...identityOf(job),
    pool: job.metadata?.annotations?.[ATTEMPT_ANNOTATIONS.pool] ?? "",
    memoryBytes: Number(job.metadata?.annotations?.[ATTEMPT_ANNOTATIONS.memoryBytes] ?? 0),
    state: stateOf({
      deleting: job.metadata?.deletionTimestamp !== undefined,
      complete: complete !== undefined,
      failed: failed !== undefined,
      live,
    }),
    ...(endedAt && { endedAtMs: new Date(endedAt).getTime() }),
    ...(result && { result }),
    ...(terminated && { exitCode: terminated.exitCode }),
    ...(terminated?.reason === "OOMKilled" && { oomKilled: true }),
    ...(disruption && { disrupted: true }),
    ...(failed?.reason === "DeadlineExceeded" && { deadlineExceeded: true }),
    ...(message && { message }),
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

const ofOrphan = (pod: Pod): ObservedAttempt => ({
  ...identityOf(pod),
  name: pod.metadata?.labels?.["batch.kubernetes.io/job-name"] ?? "",
  pool: "",
  memoryBytes: 0,
  state: "Ending",
});

function identityOf({ metadata }: Job | Pod): Pick<ObservedAttempt, "unit" | "attempt" | "name"> {
  const labels = metadata?.labels ?? {};
  return {
    name: metadata?.name ?? "",
    unit: labels[LABELS.unit] ?? "",
    attempt: Number(labels[LABELS.attempt] ?? 1),
  };
}

const hasEnded = (pod: Pod) => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

/** Several pods are there only while the Job controller replaces one that the cluster lost. */
const latest = (pods: readonly Pod[]): Pod | undefined =>
  pods.toSorted((a, b) => createdMs(a) - createdMs(b)).at(-1);

const createdMs = (pod: Pod) => new Date(pod.metadata?.creationTimestamp ?? 0).getTime();

const terminatedOf = (pod: Pod | undefined): Wire<V1ContainerStateTerminated> | undefined =>
  pod?.status?.containerStatuses?.find(({ name }) => name === "worker")?.state?.terminated;

/** Why no container runs, in the cluster's own words: ImagePullBackOff, Unschedulable, … */
function waitingMessage(pod: Pod | undefined): string | undefined {
  const waiting = pod?.status?.containerStatuses?.find(({ name }) => name === "worker")?.state?.waiting;
  if (waiting?.message) return `${waiting.reason}: ${waiting.message}`;
  const unschedulable = pod?.status?.conditions?.find(
    (c) => c.type === "PodScheduled" && c.status === "False",
  );
  return unschedulable?.message && `${unschedulable.reason}: ${unschedulable.message}`;
}

function parseResult(message: string | undefined): UnitResult | undefined {
  if (!message) return undefined;
  try {
    return unitResult.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined; // The kubelet's own words, e.g. why the container could not be made.
  }
}
