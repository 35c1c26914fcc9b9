import { LABELS } from "../../crds/group.ts";
import { kueueQueueOf } from "../core/queue/kueue.ts";
import type { OutputClaims } from "../core/queue/output-claims.ts";
import type { RetryLine } from "../core/queue/retry-gate.ts";
import { keyOf, type ObjectKey } from "./api/kube-object.ts";
import { JOBS, type Job, MEDIA_JOBS, type Node, type Pod, type StoredMediaJob } from "./api/resources.ts";
import type { Caches } from "./cache/caches.ts";
import {
  isNewJob,
  isStatusOnly,
  jobMatters,
  mediaJobMatters,
  podMatters,
} from "./cache/changes-that-matter.ts";
import { Echoes } from "./cache/echoes.ts";
import { type Change, ownerUids } from "./cache/store.ts";
import { hasEnded } from "./jobs/job-conditions.ts";
import { jobNameOf } from "./jobs/job-name.ts";
import { podHasEnded } from "./jobs/pod-phase.ts";
import { ATTEMPT_ANNOTATIONS } from "./jobs/unit-job.ts";
import type { Place, PoolUsage } from "./pool-usage.ts";
import { isAtWork } from "./reconcile/output-conflict.ts";
import type { Shell } from "./reconcile/shell.ts";

interface ReactionsOptions extends Pick<Shell, "clock" | "configuration" | "podLag" | "podless" | "doubted"> {
  caches: Caches;
  usage: PoolUsage;
  claims: OutputClaims;
  retryLine: RetryLine;
  /** Brings a MediaJob to a pass. */
  enqueue(key: ObjectKey): void;
  /** Something may start where nothing could. */
  onRoom(): void;
  onGone(job: StoredMediaJob): void;
}

/**
 * What a change in the cluster calls for: places in pools are taken and given back, outputs claimed and let go, and
 * the MediaJobs for which it can lead to another decision are brought to a pass.
 */
export class Reactions {
  readonly echoes: Echoes;
  readonly #options: ReactionsOptions;

  constructor(options: ReactionsOptions) {
    this.#options = options;
    const { mediaJobs, jobs, pods, nodes } = options.caches;
    this.echoes = new Echoes((ref, resource) => {
      if (resource === MEDIA_JOBS) options.enqueue(keyOf(ref));
      else this.#enqueue(jobs.store.get(ref)?.metadata.ownerReferences?.[0]?.uid);
    });
    mediaJobs.store.onChange((change) => this.#onMediaJob(change));
    jobs.store.onChange((change) => this.#onJob(change));
    nodes.store.onChange((change) => this.#onNode(change));
    pods.store.onChange((change) => this.#onPod(change));
  }

  #onMediaJob(change: Change<StoredMediaJob>): void {
    this.#claim(change);
    if (change.type === "deleted") this.#options.onGone(change.object);
    else if (
      mediaJobMatters(change) &&
      !(isStatusOnly(change) && this.echoes.holds(MEDIA_JOBS, change.object))
    )
      this.#options.enqueue(keyOf(change.object.metadata));
  }

  #onJob(change: Change<Job>): void {
    const { caches, podless, doubted } = this.#options;
    const { metadata } = change.object;
    const [owner] = metadata.ownerReferences ?? [];
    if (change.type === "deleted") {
      podless.delete(metadata.uid);
      if (owner && !change.own && caches.mediaJobs.store.byIndex("uid", owner.uid).length)
        doubted.add(owner.uid);
      if (owner) this.#letGo(owner.uid);
    }
    this.#countPlaces(change);
    if (jobMatters(change) && !(isNewJob(change) && this.echoes.holds(JOBS, change.object)))
      this.#enqueue(owner?.uid);
  }

  /**
   * A Job holds its place for as long as it goes on; one that Kueue admits takes none. Where it was a retry, another may
   * go through its gate after it.
   */
  #countPlaces({ type, object }: Change<Job>): void {
    const { usage, retryLine, enqueue, onRoom } = this.#options;
    const { namespace, name } = object.metadata;
    const job = { namespace, name, owner: ownerUids(object)[0] ?? "" };
    if (type !== "deleted" && !hasEnded(object)) {
      if (kueueQueueOf(object)) return;
      usage.take(job, placeOf(object));
      return;
    }
    const gate = usage.gateOf(job);
    if (usage.release(job)) onRoom();
    const retry = gate && retryLine.first(gate);
    if (retry) enqueue(retry);
  }

  /** What runs on a node that stops answering, or answers again, is looked at anew; thousands may have ended there. */
  #onNode(change: Change<Node>): void {
    if (change.type !== "updated" || isReady(change.object) === isReady(change.previous)) return;
    for (const pod of this.#options.caches.pods.store.byIndex("node", change.object.metadata.name))
      if (!podHasEnded(pod)) this.#enqueue(pod.metadata.labels?.[LABELS.jobUid]);
  }

  #onPod(change: Change<Pod>): void {
    const { namespace, labels } = change.object.metadata;
    const job = this.#options.caches.jobs.store.get({ namespace, name: jobNameOf(change.object) });
    if (change.type === "deleted") this.#letGo(labels?.[LABELS.jobUid] ?? "");
    if (change.type === "added" && job) this.#options.podLag.note(job, change.object);
    if (podMatters(change, job)) this.#enqueue(labels?.[LABELS.jobUid]);
  }

  /** Keeps the register of outputs; those that waited for a MediaJob which is over go on. */
  #claim({ type, object }: Change<StoredMediaJob>): void {
    const { claims } = this.#options;
    const { uid } = object.metadata;
    const rivals = claims.rivalsOf(uid);
    if (type === "deleted") claims.leave(uid);
    else claims.set(object);
    this.#letGo(uid);
    if (claims.rivalsOf(uid).length === 0) for (const rival of rivals) this.#enqueue(rival);
  }

  /** A MediaJob that is deleted claims its outputs until its workers have ended. */
  #letGo(uid: string): void {
    const { caches, claims, clock, configuration } = this.#options;
    if (!claims.isLeaving(uid)) return;
    const { store: jobs } = caches.jobs;
    const known = { jobs, pods: caches.pods.store, nodes: caches.nodes.store, configuration };
    if (isAtWork(uid, known, clock.date().getTime())) return;
    const rivals = claims.rivalsOf(uid);
    claims.remove(uid);
    for (const rival of rivals) this.#enqueue(rival);
  }

  #enqueue(uid: string | undefined): void {
    const { caches, enqueue } = this.#options;
    for (const { metadata } of uid ? caches.mediaJobs.store.byIndex("uid", uid) : [])
      enqueue(keyOf(metadata));
  }
}

const isReady = ({ status }: Node): string | undefined =>
  status?.conditions?.find(({ type }) => type === "Ready")?.status;

const placeOf = ({ metadata: { annotations } }: Job): Place => ({
  pool: annotations?.[ATTEMPT_ANNOTATIONS.pool] ?? "",
  gate: annotations?.[ATTEMPT_ANNOTATIONS.retryOf],
});
