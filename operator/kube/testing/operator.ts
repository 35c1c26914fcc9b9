/** An operator in memory: its caches, its reactions and its passes, before an API server that notes what it is asked. */
import { type Configuration, defaultConfiguration } from "../../core/configuration.ts";
import { OutputClaims } from "../../core/queue/output-claims.ts";
import type { Draft, KubeObject, ObjectRef } from "../api/kube-object.ts";
import { keyOf } from "../api/kube-object.ts";
import { MEDIA_JOBS, type Resource, type StoredMediaJob } from "../api/resources.ts";
import { createCaches } from "../cache/caches.ts";
import { PodLag } from "../jobs/pod-lag.ts";
import { PoolUsage } from "../pool-usage.ts";
import { ProgressPace } from "../progress-pace.ts";
import { ProgressView } from "../progress-view.ts";
import { Reactions } from "../reactions.ts";
import { PlanStore } from "../reconcile/plan-store.ts";
import { reconcile } from "../reconcile/reconciler.ts";
import type { Shell } from "../reconcile/shell.ts";
import { Term } from "../term.ts";
import { Warnings } from "../warnings.ts";
import { ManualClock } from "./manual-clock.ts";

export function operatorInMemory(configuration: Configuration = defaultConfiguration()) {
  const clock = new ManualClock();
  const held = new Map<string, KubeObject>();
  const asked: string[] = [];
  let version = 100;
  const store = <T extends KubeObject>({ plural }: Resource<T>, ref: ObjectRef, object: unknown): T => {
    const stored = object as T;
    stored.metadata = {
      ...{ uid: `uid-of-${ref.name}`, creationTimestamp: clock.date().toISOString() },
      ...stored.metadata,
      resourceVersion: String(++version),
    };
    held.set(`${plural} ${keyOf(ref)}`, stored);
    return structuredClone(stored);
  };
  const client = {
    get: async (resource: Resource, ref: ObjectRef) => {
      asked.push(`get ${resource.plural}`);
      return structuredClone(held.get(`${resource.plural} ${keyOf(ref)}`) ?? null);
    },
    list: async (resource: Resource) => {
      asked.push(`list ${resource.plural}`);
      return { items: [] };
    },
    create: async (resource: Resource, draft: Draft<KubeObject>) => {
      asked.push(`create ${resource.plural}`);
      return store(resource, draft.metadata as ObjectRef, structuredClone(draft));
    },
    delete: async (resource: Resource, ref: ObjectRef) => {
      asked.push(`delete ${resource.plural}`);
      held.delete(`${resource.plural} ${keyOf(ref)}`);
      return null;
    },
    replaceStatus: async (resource: Resource, ref: ObjectRef, status: unknown) => {
      asked.push(`write ${resource.plural}`);
      return store(resource, ref, { ...held.get(`${resource.plural} ${keyOf(ref)}`), status });
    },
  } as unknown as Shell["client"];
  const unwatched = { client: { ...client, watch: () => [] } as never, clock, random: () => 0.5 };
  const caches = createCaches({
    ...unwatched,
    onError: (_, error) => {
      throw error;
    },
  });
  const [usage, claims, term] = [new PoolUsage(() => configuration), new OutputClaims(), new Term()];
  const shared = {
    ...{ clock, usage, claims, configuration: () => configuration },
    ...{ podLag: new PodLag(), podless: new Set<string>(), doubted: new Set<string>() },
  };
  const reactions = new Reactions({
    ...shared,
    nextRetry: (gate) => term.retryLine.first(gate),
    ...{ caches, enqueue: () => {}, onRoom: () => {}, onGone: () => {} },
  });
  const shell: Shell = {
    ...{ ...shared, ...term, client, echoes: reactions.echoes },
    ...{ mediaJobs: caches.mediaJobs.store, jobs: caches.jobs.store },
    ...{ pods: caches.pods.store, nodes: caches.nodes.store },
    warnings: new Warnings(client, clock),
    plans: new PlanStore(client),
    progressPace: new ProgressPace(),
    progress: new ProgressView(),
    deliveriesOf: () => [],
    fence: () => ({ timeoutMs: 1000 }),
    ...{ onStart: () => {}, onMeasured: () => {}, onStatus: () => {}, onAnnouncement: () => {} },
  };
  return {
    shell,
    reactions,
    clock,
    /** What the API server was asked, in order. */
    asked,
    /** Has the API server, and the cache, hold a MediaJob. */
    hold: (job: StoredMediaJob): StoredMediaJob => {
      const stored = { ...job, metadata: { ...job.metadata, resourceVersion: String(++version) } };
      held.set(`${MEDIA_JOBS.plural} ${keyOf(job.metadata)}`, stored);
      shell.mediaJobs.put(structuredClone(stored));
      return stored;
    },
    pass: (job: StoredMediaJob) => reconcile(keyOf(job.metadata), shell),
  };
}
