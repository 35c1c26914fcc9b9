import type { KubeClient } from "../../operator/kube/api/client.ts";
import type { Draft, KubeObject } from "../../operator/kube/api/kube-object.ts";
import { JOBS, type Job, MEDIA_JOBS, PODS, type StoredMediaJob } from "../../operator/kube/api/resources.ts";
import { recordedProcesses } from "../cluster/process-registry.ts";
import { until } from "../cluster/until.ts";
import { arrive, type Pace } from "./arrivals.ts";
import { type Requests, startOperator } from "./operator-process.ts";
import { usageOf } from "./process-usage.ts";
import { NAMESPACE, type ScaleCluster, startScaleCluster } from "./scale-cluster.ts";
import { isComplete, Timeline } from "./timeline.ts";

/** How one contender did, by one watcher's clock. */
export interface Outcome {
  readonly count: number;
  /** From the first object's creation to the last one's completion. */
  readonly makespanSeconds: number;
  /** Of each object, in any order. */
  readonly toCompleteMs: readonly number[];
  /** Did not complete in time. */
  readonly lost: number;
  /** Jobs beyond one per MediaJob, and pods beyond one per Job. */
  readonly duplicates: number;
  /** CPU of each program of the cluster, by name, while the objects were made and ended. */
  readonly cpuSeconds: ReadonlyMap<string, number>;
}

export interface OperatorOutcome extends Outcome {
  readonly toFirstJobMs: readonly number[];
  readonly passes: number;
  readonly idleRssBytes: number;
  readonly peakRssBytes: number;
  /** By `verb resource`, in all. */
  readonly requests: Requests;
  /** What a script has to create to have the same pods. */
  readonly plainJob: PlainJob;
}

export type PlainJob = Pick<Draft<Job>, "spec"> & { readonly labels: Record<string, string> };

/** So many objects come first and are not measured: programs compile, connections and caches fill. */
const WARM_UP = 20;

/** MediaJobs of one unit each, and the operator. */
export async function runMediaJobs(
  count: number,
  pace: Pace,
  {
    nodeOptions = [],
    manifest = oneThumbnail,
  }: { nodeOptions?: readonly string[]; manifest?: Manifest } = {},
): Promise<OperatorOutcome> {
  return await withCluster(async (cluster) => {
    const [reader, writer] = [await cluster.connect(), await cluster.connect()];
    const operator = await startOperator(cluster, { nodeOptions });
    const firstJobAt = new Map<string, number>();
    const jobs = await Timeline.watch(reader, JOBS, {
      namespace: NAMESPACE,
      onAdded: ({ metadata }, at) => {
        const owner = metadata.ownerReferences?.[0]?.name ?? "";
        if (!firstJobAt.has(owner)) firstJobAt.set(owner, at);
      },
    });
    const mediaJobs = await Timeline.watch(reader, MEDIA_JOBS, { namespace: NAMESPACE, isDone: isComplete });
    const warmUp = names("warm", WARM_UP);
    await Promise.all(warmUp.map((name) => writer.create(MEDIA_JOBS, oneThumbnail(name))));
    await allDone(mediaJobs, warmUp, 60_000);
    const template = await plainJobOf(reader);

    const [before, requestsBefore, passesBefore] = [
      operator.usage(),
      await operator.requests(),
      await operator.passes(),
    ];
    const cpuSince = cpuMeter(cluster);
    const measured = names("bench", count);
    await arrive(count, pace, (index) => writer.create(MEDIA_JOBS, manifest(measured[index] ?? "")));
    await allDone(mediaJobs, measured, limitMs(count, pace));
    const [after, requestsAfter, passesAfter] = [
      operator.usage(),
      await operator.requests(),
      await operator.passes(),
    ];
    const cpuSeconds = cpuSince();
    jobs.assertUnbroken();
    for (const timeline of [jobs, mediaJobs]) timeline.close();
    const excess = await excessOf(reader);
    await operator.stop();
    return {
      ...spanOf(mediaJobs, measured),
      toFirstJobMs: measured.flatMap((name) => between(mediaJobs.addedAt.get(name), firstJobAt.get(name))),
      duplicates: excess,
      cpuSeconds,
      passes: passesAfter - passesBefore,
      idleRssBytes: before.rssBytes,
      peakRssBytes: after.peakRssBytes,
      requests: new Map(
        [...requestsAfter].map(([key, total]) => [key, total - (requestsBefore.get(key) ?? 0)]),
      ),
      plainJob: template,
    };
  });
}

/** The floor: the same pods, by plain Jobs that a script creates. */
export async function runPlainJobs(count: number, pace: Pace, { labels, spec }: PlainJob): Promise<Outcome> {
  return await withCluster(async (cluster) => {
    const [reader, writer] = [await cluster.connect(), await cluster.connect()];
    const jobs = await Timeline.watch(reader, JOBS, { namespace: NAMESPACE, isDone: isComplete });
    const create = (name: string) =>
      writer.create(JOBS, { metadata: { name, namespace: NAMESPACE, labels }, ...(spec && { spec }) });
    const warmUp = names("warm", WARM_UP);
    await Promise.all(warmUp.map(create));
    await allDone(jobs, warmUp, 60_000);

    const cpuSince = cpuMeter(cluster);
    const measured = names("bench", count);
    await arrive(count, pace, (index) => create(measured[index] ?? ""));
    await allDone(jobs, measured, limitMs(count, pace));
    jobs.close();
    const cpuSeconds = cpuSince();
    return { ...spanOf(jobs, measured), cpuSeconds, duplicates: await excessOf(reader) };
  });
}

export type Manifest = (name: string) => Draft<StoredMediaJob>;

const volume = (path: string) => ({ volume: { claimName: "media", path } });

const oneThumbnail: Manifest = (name) => images(name, 1);

/** A MediaJob that makes one thumbnail of each of so many images. */
export function images(name: string, count: number): Draft<StoredMediaJob> {
  return {
    metadata: { name, namespace: NAMESPACE },
    // As a person would write it: the API server fills in the defaults.
    spec: {
      sources: names("s", count).map((source) => ({ name: source, ...volume(`in/${source}.jpg`) })),
      outputs: [{ name: "thumb", image: { format: "webp", width: 320, height: 320, fit: "cover" } }],
      destination: volume(`out/${name}`), // of two that wrote the same file, one would wait for the other
      parallelism: Math.min(count, 100),
    } as unknown as StoredMediaJob["spec"],
  };
}

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** Some five times what was measured. */
const limitMs = (count: number, pace: Pace): number => 60_000 + count * (pace === "Burst" ? 150 : 50);

async function withCluster<T>(work: (cluster: ScaleCluster) => Promise<T>): Promise<T> {
  const cluster = await startScaleCluster();
  try {
    return await work(cluster);
  } finally {
    await cluster.stop();
  }
}

/** Begins to measure every program of the cluster, and this one; what it gives back tells what each used since. */
function cpuMeter({ api }: ScaleCluster): () => Map<string, number> {
  const read = () => [
    ...recordedProcesses(api.directory).map(({ name, pid }) => [name, usageOf(pid).cpuSeconds] as const),
    ["creator and watcher", usageOf(process.pid).cpuSeconds] as const,
  ];
  const before = new Map(read());
  return () => new Map(read().map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]));
}

/** Resolves when all are done, and also at the limit: what is not done by then counts as lost. */
async function allDone<T extends KubeObject>(
  timeline: Timeline<T>,
  wanted: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const isDone = async () => timeline.isBroken || wanted.every((name) => timeline.doneAt.has(name));
  await until("the last completion", isDone, { timeoutMs, everyMs: 100 }).catch(() => {});
  timeline.assertUnbroken();
}

function spanOf<T extends KubeObject>(timeline: Timeline<T>, wanted: readonly string[]) {
  const added = wanted.flatMap((name) => timeline.addedAt.get(name) ?? []);
  const done = wanted.flatMap((name) => timeline.doneAt.get(name) ?? []);
  return {
    count: wanted.length,
    makespanSeconds: (latest(done) - earliest(added)) / 1000,
    toCompleteMs: wanted.flatMap((name) => between(timeline.addedAt.get(name), timeline.doneAt.get(name))),
    lost: wanted.length - done.length,
  };
}

const earliest = (times: readonly number[]) =>
  times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
const latest = (times: readonly number[]) => times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

const between = (from: number | undefined, to: number | undefined): number[] =>
  from === undefined || to === undefined ? [] : [to - from];

/** Attempts have names of their own, so a second Job of a unit, as a second pod of a Job, stays to be counted. */
async function excessOf(client: KubeClient): Promise<number> {
  const slim = <T extends KubeObject>({ metadata }: T) => ({ metadata }) as T;
  const jobs = await client.list(JOBS, { namespace: NAMESPACE, transform: slim });
  const pods = await client.list(PODS, { namespace: NAMESPACE, transform: slim });
  const units = jobs.items.map(({ metadata }) =>
    [metadata.ownerReferences?.[0]?.uid ?? metadata.uid, metadata.labels?.["mediajob.dev/unit"]].join("/"),
  );
  const owners = pods.items.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid);
  return units.length - new Set(units).size + (owners.length - new Set(owners).size);
}

/** A Job of the operator's without its owner, and without the label by which the operator would take it for its own. */
async function plainJobOf(client: KubeClient): Promise<PlainJob> {
  const { items } = await client.list(JOBS, { namespace: NAMESPACE });
  const [{ metadata, spec } = { metadata: undefined, spec: undefined }] = items;
  if (!spec) throw new Error("the operator has created no Job");
  const own = (labels: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries(labels).filter(
        ([label]) => !/controller-uid$|job-name$|^app.kubernetes.io\/managed-by$/.test(label),
      ),
    );
  const { selector: _, template, ...rest } = spec;
  return {
    labels: own(metadata?.labels),
    spec: {
      ...rest,
      template: { ...template, metadata: { ...template.metadata, labels: own(template.metadata?.labels) } },
    },
  };
}
