import type { KubeClient } from "../api/client.ts";
import { JOBS, MEDIA_JOBS, NODES, PODS } from "../api/resources.ts";
import type { Clock } from "../clock.ts";
import { type Owner, ownerKey, ownerOfJob, ownerOfPod } from "../jobs/owner.ts";
import { MANAGED_BY } from "../jobs/unit-job.ts";
import { Informer } from "./informer.ts";
import {
  slimJob,
  slimMediaJob,
  slimNode,
  slimPod,
  UNREAD_OF_JOBS,
  UNREAD_OF_NODES,
  UNREAD_OF_PODS,
} from "./slim.ts";

/**
 * A MediaJob may have 1.5 MB, the most that etcd takes, and a page is held as bytes, as text and as objects at once. 200
 * that are over, of 10,000 sources each, took 370 MB at the most; in pages of 500 a hundred took 590.
 */
const MEDIA_JOBS_PER_PAGE = 20;

/** The caches a pass reads: all MediaJobs, and the Jobs and pods made for them. */
export function createCaches({
  client,
  clock,
  random,
  onError,
}: {
  client: Pick<KubeClient, "list" | "watch">;
  clock: Clock;
  random: () => number;
  onError: (plural: string, error: unknown, retryInMs: number) => void;
}) {
  const common = { client, clock, random };
  const ours = Object.entries(MANAGED_BY)
    .map(([label, value]) => `${label}=${value}`)
    .join(",");
  const mediaJobs = new Informer({
    ...common,
    resource: MEDIA_JOBS,
    indices: { uid: ({ metadata }) => [metadata.uid] },
    transform: slimMediaJob,
    pageSize: MEDIA_JOBS_PER_PAGE,
    onError: (error, retryInMs) => onError("mediajobs", error, retryInMs),
  });
  const jobs = new Informer({
    ...common,
    resource: JOBS,
    labelSelector: ours,
    indices: { owner: (job) => keysOf(ownerOfJob(job)) },
    transform: slimJob,
    unread: UNREAD_OF_JOBS,
    onError: (error, retryInMs) => onError("jobs", error, retryInMs),
  });
  const pods = new Informer({
    ...common,
    resource: PODS,
    labelSelector: ours,
    indices: {
      mediaJob: (pod) => keysOf(ownerOfPod(pod)),
      node: ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []),
    },
    transform: slimPod,
    unread: UNREAD_OF_PODS,
    onError: (error, retryInMs) => onError("pods", error, retryInMs),
  });
  const nodes = new Informer({
    ...common,
    resource: NODES,
    transform: slimNode,
    unread: UNREAD_OF_NODES,
    onError: (error, retryInMs) => onError("nodes", error, retryInMs),
  });
  const all = { mediajobs: mediaJobs, jobs, pods, nodes };
  return {
    mediaJobs,
    jobs,
    pods,
    nodes,
    run: (signal: AbortSignal) => Promise.all(Object.values(all).map((informer) => informer.run(signal))),
    /** Resolves when everything has been read anew, whatever the watches know. */
    refresh: () => Promise.all(Object.values(all).map((informer) => informer.refresh())),
    whenSynced: () => Promise.all(Object.values(all).map((informer) => informer.whenSynced())),
    /** Time since the API server last said anything of a kind; at first since the start. */
    agesMs: () =>
      Object.fromEntries(Object.entries(all).map(([name, informer]) => [name, informer.lastSyncAgeMs()])),
    /** Kinds of which no whole list has been read yet. */
    unsynced: () =>
      Object.entries(all)
        .filter(([, informer]) => !informer.hasSynced)
        .map(([name]) => name),
  };
}

const keysOf = (owner: Owner | undefined): string[] => (owner ? [ownerKey(owner)] : []);

export type Caches = ReturnType<typeof createCaches>;
