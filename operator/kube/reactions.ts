import { kueueQueueOf } from "../core/queue/kueue.ts";
import type { OutputClaims } from "../core/queue/output-claims.ts";
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
import type { Change } from "./cache/store.ts";
import { hasEnded } from "./jobs/job-conditions.ts";
import { isPodOf, jobNameOf, type Owner, ownerKey, ownerOfJob, ownerOfPod } from "./jobs/owner.ts";
import { podHasEnded } from "./jobs/pod-phase.ts";
import { ATTEMPT_ANNOTATIONS } from "./jobs/unit-job.ts";
import type { Place, PoolUsage } from "./pool-usage.ts";
import { isAtWork } from "./reconcile/output-conflict.ts";
import type { Shell } from "./reconcile/shell.ts";

interface ReactionsOptions extends Pick<Shell, "clock" | "configuration" | "podLag" | "podless" | "doubted"> {
  caches: Caches;
  usage: PoolUsage;
  claims: OutputClaims;
  /** Whose turn it is to retry at a gate; undefined when nobody waits there. */
  nextRetry(gate: string): ObjectKey | undefined;
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
      else {
        const job = jobs.store.get(ref);
        this.#enqueue(job && ownerOfJob(job));
      }
    });
    mediaJobs.store.onChange((change) => this.#onMediaJob(change));
    jobs.store.onChange((change) => this.#onJob(change));
    nodes.store.onChange((change) => this.#onNode(change));
    pods.store.onChange((change) => this.#onPod(change));
  }

  /** The MediaJob that is meant; undefined when it is gone, or somebody only says that they belong to it. */
  find(owner: Owner | null | undefined): StoredMediaJob | undefined {
    return this.#options.caches.mediaJobs.store
      .byIndex("uid", owner?.uid ?? "")
      .find(({ metadata }) => metadata.namespace === owner?.namespace);
  }

  #onMediaJob(change: Change<StoredMediaJob>): void {
    this.#claim(change);
    // Its Jobs may have been seen before it, and counted for nothing.
    if (change.type === "added")
      for (const job of this.#options.caches.jobs.store.byIndex("owner", ownerKey(change.object.metadata)))
        this.#countPlaces({ type: "added", object: job, own: change.own });
    if (change.type === "deleted") this.#options.onGone(change.object);
    else if (
      mediaJobMatters(change) &&
      !(isStatusOnly(change) && this.echoes.holds(MEDIA_JOBS, change.object))
    )
      this.#options.enqueue(keyOf(change.object.metadata));
  }

  #onJob(change: Change<Job>): void {
    const { podless, doubted } = this.#options;
    const owner = ownerOfJob(change.object);
    if (change.type === "deleted") {
      podless.delete(change.object.metadata.uid);
      if (owner && !change.own && this.find(owner)) doubted.add(owner.uid);
      if (owner) this.#letGo(owner);
    }
    this.#countPlaces(change);
    if (jobMatters(change) && !(isNewJob(change) && this.echoes.holds(JOBS, change.object)))
      this.#enqueue(owner);
  }

  /**
   * A Job holds its place for as long as it goes on; one that Kueue admits takes none, nor one of which no MediaJob knows.
   * Where it was a retry, another may go through its gate after it.
   */
  #countPlaces(change: Change<Job>): void {
    const { usage, nextRetry, enqueue, onRoom } = this.#options;
    const { type, object } = change;
    const owner = ownerOfJob(object);
    // `kubectl delete --cascade=orphan` takes the owner away.
    if (type === "updated" && ownerOfJob(change.previous)?.uid !== owner?.uid)
      this.#countPlaces({ type: "deleted", object: change.previous, own: change.own });
    if (!owner) return;
    const { namespace, name } = object.metadata;
    const job = { namespace, name, owner: owner.uid };
    if (type !== "deleted" && !hasEnded(object)) {
      if (kueueQueueOf(object) || !this.find(owner)) return;
      usage.take(job, placeOf(object));
      return;
    }
    const gate = usage.gateOf(job);
    if (usage.release(job)) onRoom();
    const retry = gate && nextRetry(gate);
    if (retry) enqueue(retry);
  }

  /** What runs on a node that stops answering, or answers again, is looked at anew; thousands may have ended there. */
  #onNode(change: Change<Node>): void {
    if (change.type !== "updated" || isReady(change.object) === isReady(change.previous)) return;
    for (const pod of this.#options.caches.pods.store.byIndex("node", change.object.metadata.name)) {
      if (podHasEnded(pod)) continue;
      if (isReady(change.object) === "True") this.#countAgain(this.#jobOf(pod));
      this.#enqueue(ownerOfPod(pod));
    }
  }

  /**
   * The place of a Job that was lost with its node was given away; its pod runs until it has ended, and nobody else's may
   * beside it.
   */
  #countAgain(job: Job | null): void {
    const owner = job && ownerOfJob(job);
    if (!owner) return;
    const { namespace, name } = job.metadata;
    this.#options.usage.restore({ namespace, name, owner: owner.uid });
    this.#countPlaces({ type: "added", object: job, own: false });
  }

  #onPod(change: Change<Pod>): void {
    const { object: pod } = change;
    const owner = ownerOfPod(pod);
    if (!owner) return;
    const job = this.#jobOf(pod);
    if (change.type === "deleted") this.#letGo(owner);
    if (change.type === "added" && job && this.find(owner)) this.#options.podLag.note(job, pod);
    if (podMatters(change, job)) this.#enqueue(owner);
  }

  #jobOf(pod: Pod): Job | null {
    const { namespace } = pod.metadata;
    const found = this.#options.caches.jobs.store.get({ namespace, name: jobNameOf(pod) });
    return found && isPodOf(pod, found) ? found : null;
  }

  /** Keeps the register of outputs; those that waited for a MediaJob which is over go on. */
  #claim({ type, object }: Change<StoredMediaJob>): void {
    const { claims } = this.#options;
    const { namespace, uid } = object.metadata;
    const rivals = claims.rivalsOf(uid);
    if (type === "deleted") claims.leave(uid);
    else claims.set(object);
    this.#letGo({ namespace, uid });
    if (claims.rivalsOf(uid).length === 0)
      for (const rival of rivals) this.#enqueue({ namespace, uid: rival });
  }

  /** A MediaJob that is deleted claims its outputs until its workers have ended. */
  #letGo(owner: Owner): void {
    const { caches, claims, clock, configuration } = this.#options;
    const { namespace, uid } = owner;
    if (!claims.isLeaving(owner)) return;
    const { store: jobs } = caches.jobs;
    const known = { jobs, pods: caches.pods.store, nodes: caches.nodes.store, configuration };
    if (isAtWork(owner, known, clock.date().getTime())) return;
    const rivals = claims.rivalsOf(uid);
    claims.remove(uid);
    for (const rival of rivals) this.#enqueue({ namespace, uid: rival });
  }

  #enqueue(owner: Owner | null | undefined): void {
    const mediaJob = this.find(owner);
    if (mediaJob) this.#options.enqueue(keyOf(mediaJob.metadata));
  }
}

const isReady = ({ status }: Node): string | undefined =>
  status?.conditions?.find(({ type }) => type === "Ready")?.status;

const placeOf = ({ metadata: { annotations } }: Job): Place => ({
  pool: annotations?.[ATTEMPT_ANNOTATIONS.pool] ?? "",
  gate: annotations?.[ATTEMPT_ANNOTATIONS.retryOf],
});
