import type { Configuration } from "../core/configuration.ts";
import type { SharedPlaces } from "../core/queue/waiting-line.ts";
import type { ObjectKey, ObjectRef } from "./api/kube-object.ts";

/**
 * A Job that holds a place. Its name is not enough: that of a MediaJob which was deleted has the same as that of the one
 * which was made anew by that name, and may be told to be gone when the other's place is taken already.
 */
export interface Holder extends ObjectRef {
  /** UID of the MediaJob that owns it. */
  owner: string;
}

/** Where a Job runs, and through which gate it went if it is a retry. */
export interface Place {
  pool: string;
  gate?: string | undefined;
}

/** What is known of a Job; `Maybe`: it is not seen, but its pod is. */
export type Sighting = "Seen" | "Maybe" | "Gone";

/**
 * Which attempts hold a place in which pool, and so how many more may start. A place is taken before the Job
 * is created, in the same turn as the decision, so that two MediaJobs decided side by side cannot both take
 * the last one; it is given back when the Job has ended, or was not created after all. Whether it was is not
 * always known: a request without an answer may have made the Job. Such a place is kept until the MediaJob is
 * decided anew, which finds out.
 */
export class PoolUsage {
  readonly #poolOf = new Map<HolderKey, string>();
  /** Jobs that are to be created and that nobody has seen yet, by MediaJob. */
  readonly #unseen = new Map<ObjectKey, Map<HolderKey, Holder>>();
  /** Jobs that are there and hold no place. */
  readonly #lost = new Set<HolderKey>();
  /** Of Jobs that are retries. */
  readonly #gateOf = new Map<HolderKey, string>();
  readonly #retries = new Map<string, number>();
  readonly #inPool = new Map<string, number>();
  readonly #inNamespace = new Map<string, number>();
  readonly #configuration: () => Configuration;

  constructor(configuration: () => Configuration) {
    this.#configuration = configuration;
  }

  /** Takes a place for a Job that is to be created for a MediaJob. */
  reserve(job: Holder, { pool, gate, mediaJob }: Place & { mediaJob: ObjectKey }): void {
    if (this.#poolOf.has(keyOf(job))) return;
    this.take(job, { pool, gate });
    this.foresee(job, mediaJob);
  }

  /** Notes a Job that is to be created for a MediaJob and takes no place. */
  foresee(job: Holder, mediaJob: ObjectKey): void {
    this.#unseen.set(mediaJob, (this.#unseen.get(mediaJob) ?? new Map()).set(keyOf(job), job));
  }

  /** Jobs of a MediaJob that were to be created and that nobody has seen, as far as was told here. */
  unseen(mediaJob: ObjectKey): Holder[] {
    return [...(this.#unseen.get(mediaJob)?.values() ?? [])];
  }

  /** The MediaJobs that have such Jobs. */
  get awaiting(): ObjectKey[] {
    return [...this.#unseen.keys()];
  }

  /** Gives back the places of a MediaJob's Jobs that are not there. False when there are none. */
  releaseUnseen(mediaJob: ObjectKey, isThere: (job: Holder) => Sighting): boolean {
    let released = false;
    const unseen = this.#unseen.get(mediaJob);
    for (const [key, job] of unseen ?? []) {
      const sighting = isThere(job);
      if (sighting === "Maybe") continue;
      unseen?.delete(key);
      if (sighting === "Gone") released = this.release(job) || released;
    }
    if (unseen?.size === 0) this.#unseen.delete(mediaJob);
    return released;
  }

  /** Notes a Job that is there. */
  take(job: Holder, { pool, gate }: Place): void {
    const key = keyOf(job);
    if (this.#poolOf.has(key) || this.#lost.has(key)) return;
    this.#poolOf.set(key, pool);
    if (gate) {
      this.#gateOf.set(key, gate);
      this.#retries.set(gate, this.retrying(gate) + 1);
    }
    this.#count(job, pool, 1);
  }

  /**
   * Gives back the place of a Job on a node that stopped answering, for as long as the Job is there and the node is not
   * back: that may be days, and would keep its unit, and all others, from the rest of the pool.
   */
  lose(job: Holder): void {
    this.release(job);
    this.#lost.add(keyOf(job));
  }

  /** Takes back that a Job was lost: its node answers again. It holds a place once it is taken anew. */
  restore(job: Holder): void {
    this.#lost.delete(keyOf(job));
  }

  /** False when it held no place. */
  release(job: Holder): boolean {
    const key = keyOf(job);
    this.#lost.delete(key);
    const pool = this.#poolOf.get(key);
    if (pool === undefined) return false;
    this.#poolOf.delete(key);
    this.#count(job, pool, -1);
    const gate = this.#gateOf.get(key);
    if (gate) this.#retries.set(gate, this.retrying(gate) - 1);
    this.#gateOf.delete(key);
    return true;
  }

  /** The gate that a Job which holds a place went through, see `gateOf`. */
  gateOf(job: Holder): string | undefined {
    return this.#gateOf.get(keyOf(job));
  }

  /** Retries that run and went through a gate. */
  retrying(gate: string): number {
    return this.#retries.get(gate) ?? 0;
  }

  /** Share of all places that are taken. */
  load(): number {
    const { pools, concurrency } = this.#configuration();
    const places = pools.reduce((sum, pool) => sum + pool.concurrency, 0);
    return this.#poolOf.size / Math.min(concurrency, places);
  }

  /** Units that run in a pool now. */
  running(pool: string): number {
    return this.#inPool.get(pool) ?? 0;
  }

  /** Units of a namespace that run now; infinite when it may start no more. */
  runningIn(namespace: string): number {
    const running = this.#inNamespace.get(namespace) ?? 0;
    return running < this.#configuration().concurrencyPerNamespace ? running : Number.POSITIVE_INFINITY;
  }

  /** Units of a namespace that may start in each pool now: by the caps of pool, namespace and operator. */
  free(namespace: string): Map<string, number> {
    const left = this.freeInAll(namespace);
    return new Map([...this.room()].map(([pool, places]) => [pool, Math.min(left, places)]));
  }

  /** Units that may start in each pool now by its own cap. */
  room(): Map<string, number> {
    const { pools } = this.#configuration();
    return new Map(
      pools.map(({ name, concurrency }) => [name, Math.max(0, concurrency - this.running(name))]),
    );
  }

  /** Units of a namespace that may start now over all pools: by the caps that pools share. */
  freeInAll(namespace: string): number {
    const { ofOperator, ofNamespace } = this.shared(namespace);
    return Math.min(ofOperator, ofNamespace);
  }

  /** Places that are left of each cap that pools share. */
  shared(namespace: string): SharedPlaces {
    const { concurrency, concurrencyPerNamespace } = this.#configuration();
    const inNamespace = this.#inNamespace.get(namespace) ?? 0;
    return {
      ofOperator: Math.max(0, concurrency - this.#poolOf.size),
      ofNamespace: Math.max(0, concurrencyPerNamespace - inNamespace),
    };
  }

  /** Pools in which something may start now, of some namespace. */
  open(): string[] {
    const { pools, concurrency } = this.#configuration();
    if (this.#poolOf.size >= concurrency) return [];
    return pools.filter((pool) => this.running(pool.name) < pool.concurrency).map(({ name }) => name);
  }

  #count({ namespace = "" }: Holder, pool: string, change: 1 | -1): void {
    this.#inPool.set(pool, this.running(pool) + change);
    const inNamespace = (this.#inNamespace.get(namespace) ?? 0) + change;
    if (inNamespace > 0) this.#inNamespace.set(namespace, inNamespace);
    else this.#inNamespace.delete(namespace);
  }
}

type HolderKey = string;

const keyOf = ({ namespace, name, owner }: Holder): HolderKey => `${namespace}/${name}/${owner}`;
