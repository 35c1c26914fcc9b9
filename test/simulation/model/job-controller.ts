/**
 * The Job controller of kube-controller-manager, as far as a Job of one pod that is never replaced needs it: makes
 * the pod, counts how it ended, lets go of it by its finalizer, and only then says how the Job ended. Between any two
 * of these an operator can look.
 */
import { JOBS, type Job, PODS, type Pod } from "../../../operator/kube/api/resources.ts";
import type { Prng } from "../prng.ts";
import type { VirtualTime } from "../virtual-time.ts";
import { hasCondition, isTerminal, type ModelServer } from "./server.ts";

const TRACKING = "batch.kubernetes.io/job-tracking";
const BY = "job-controller";

export class JobController {
  readonly #server: ModelServer;
  readonly #time: VirtualTime;
  readonly #random: Prng;
  readonly #wallMs: () => number;
  readonly #pending = new Set<string>();
  readonly #startedAtMs = new Map<string, number>();

  constructor(options: { server: ModelServer; time: VirtualTime; random: Prng; wallMs: () => number }) {
    this.#server = options.server;
    this.#time = options.time;
    this.#random = options.random;
    this.#wallMs = options.wallMs;
    this.#server.onWrite(({ plural, object, type }) => {
      if (plural === "jobs") this.#enqueue(object.metadata.namespace, object.metadata.name);
      if (plural === "pods" && type !== "DELETED")
        this.#enqueue(object.metadata.namespace, object.metadata.labels?.["batch.kubernetes.io/job-name"]);
    });
  }

  #enqueue(namespace: string | undefined, name: string | undefined, delayMs = this.#random.skewed(1, 60)) {
    const key = `${namespace}/${name}`;
    if (!name || this.#pending.has(key)) return;
    this.#pending.add(key);
    this.#time.after(delayMs, () => {
      this.#pending.delete(key);
      this.#sync(namespace ?? "", name);
    });
  }

  #sync(namespace: string, name: string): void {
    const job = this.#server.get(JOBS, { namespace, name });
    const pods = this.#server
      .list(PODS)
      .filter((pod) => pod.metadata.labels?.["batch.kubernetes.io/job-name"] === name);
    for (const pod of pods)
      if (pod.metadata.ownerReferences?.[0]?.uid !== job?.metadata.uid) this.#letGo(pod);
    if (!job || hasCondition(job, "Complete") || hasCondition(job, "Failed")) return;
    this.#advance(
      job,
      pods.filter((pod) => pod.metadata.ownerReferences?.[0]?.uid === job.metadata.uid),
    );
  }

  /** One step of one Job; each step is a write, and the write brings the next. */
  #advance(job: Job, pods: readonly Pod[]) {
    const verdict = ["SuccessCriteriaMet", "FailureTarget"].find((type) => hasCondition(job, type));
    if (verdict) return this.#finish(job, pods, verdict);
    const deadlineMs = this.#deadlineMs(job);
    if (deadlineMs !== null && this.#time.nowMs >= deadlineMs)
      return this.#judge(
        job,
        "FailureTarget",
        "DeadlineExceeded",
        "Job was active longer than specified deadline",
      );
    const ended = pods.find(isTerminal);
    if (ended?.status?.phase === "Succeeded")
      return this.#judge(
        job,
        "SuccessCriteriaMet",
        "CompletionsReached",
        "Reached expected number of succeeded pods",
      );
    if (ended) return this.#fail(job, ended);
    if (pods.length === 0 && !this.#startedAtMs.has(job.metadata.uid) && !job.metadata.deletionTimestamp)
      this.#makePod(job);
  }

  /** By the first rule of podFailurePolicy that matches, else by backoffLimit, which is 0. */
  #fail(job: Job, pod: Pod) {
    const disrupted = hasCondition(pod, "DisruptionTarget");
    const rules = job.spec?.podFailurePolicy?.rules ?? [];
    const rule = rules.findIndex(
      ({ action, onPodConditions }) =>
        action === "FailJob" && disrupted && onPodConditions?.some(({ type }) => type === "DisruptionTarget"),
    );
    if (rule < 0)
      return this.#judge(
        job,
        "FailureTarget",
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
      );
    const where = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const message = `Pod ${where} has condition DisruptionTarget matching FailJob rule at index ${rule}`;
    this.#judge(job, "FailureTarget", "PodFailurePolicy", message);
  }

  #finish(job: Job, pods: readonly Pod[], verdict: string) {
    for (const pod of pods)
      if (!isTerminal(pod)) {
        if (!pod.metadata.deletionTimestamp) this.#server.delete(PODS, pod.metadata, { by: BY });
        return;
      }
    const tracked = pods.find((pod) => pod.metadata.finalizers?.includes(TRACKING));
    if (tracked) {
      this.#letGo(tracked);
      return this.#enqueue(job.metadata.namespace, job.metadata.name);
    }
    const { reason, message } = job.status?.conditions?.find(({ type }) => type === verdict) ?? {};
    this.#judge(job, verdict === "SuccessCriteriaMet" ? "Complete" : "Failed", reason ?? "", message ?? "");
  }

  #judge(job: Job, type: string, reason: string, message: string): void {
    const condition = { type, status: "True", reason, message, lastTransitionTime: this.#now() };
    this.#server.change(JOBS, job.metadata, BY, (current) => ({
      ...current,
      status: { ...current.status, conditions: [...(current.status?.conditions ?? []), condition] },
    }));
  }

  #makePod(job: Job): void {
    const { metadata, spec } = job;
    const template = spec?.template;
    this.#startedAtMs.set(metadata.uid, this.#time.nowMs);
    const seconds = spec?.activeDeadlineSeconds;
    if (seconds) this.#enqueueAt(job, seconds * 1000 + 1);
    this.#server.create(
      PODS,
      {
        metadata: {
          generateName: `${metadata.name}-`,
          namespace: metadata.namespace,
          labels: { ...template?.metadata?.labels, "batch.kubernetes.io/job-name": metadata.name },
          annotations: { ...template?.metadata?.annotations, ...metadata.annotations },
          finalizers: [TRACKING],
          ownerReferences: [
            {
              apiVersion: "batch/v1",
              kind: "Job",
              name: metadata.name,
              uid: metadata.uid,
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        },
        status: { phase: "Pending" },
      },
      BY,
    );
    this.#server.change(JOBS, metadata, BY, (current) => ({
      ...current,
      status: { ...current.status, active: 1, startTime: this.#now() },
    }));
  }

  #enqueueAt({ metadata }: Job, delayMs: number): void {
    this.#time.after(delayMs, () => this.#enqueue(metadata.namespace, metadata.name));
  }

  #letGo(pod: Pod): void {
    if (!isTerminal(pod) || !pod.metadata.finalizers?.includes(TRACKING)) return;
    this.#server.change(PODS, pod.metadata, BY, (current) => ({
      ...current,
      metadata: { ...current.metadata, finalizers: [] },
    }));
  }

  #deadlineMs(job: Job): number | null {
    const startedAtMs = this.#startedAtMs.get(job.metadata.uid);
    const seconds = job.spec?.activeDeadlineSeconds;
    return startedAtMs === undefined || seconds === undefined ? null : startedAtMs + seconds * 1000;
  }

  #now(): string {
    return new Date(this.#wallMs()).toISOString().replace(/\.\d+Z$/, "Z");
  }
}
