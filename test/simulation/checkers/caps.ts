import { API_VERSION } from "../../../crds/group.ts";
import { JOBS, type Job, MEDIA_JOBS, PODS } from "../../../operator/kube/api/resources.ts";
import { ATTEMPT_ANNOTATIONS } from "../../../operator/kube/jobs/unit-job.ts";
import { hasCondition } from "../model/server.ts";
import type { Checker } from "./checker.ts";

/**
 * How long a cache may be behind: a watch that fell silent is given up after 150 s, and the next one may fall silent as
 * well. Within it an operator may start as many as it was allowed to before a user lowered `parallelism`.
 */
const BEHIND_MS = 350_000;

/**
 * Whenever a Job is created, no more are there than the caps of its pool, of its namespace, of the operator and of its
 * MediaJob allow, and no more retries of a class and priority than the configuration does.
 * A Job counts from its creation until it has ended, is gone or is lost with its node; one whose MediaJob is gone
 * counts as well.
 */
export const caps: Checker = (world, fail) => {
  const { configuration, server, time } = world;
  /** UIDs of Jobs that were ended on a node that did not answer; their pods go when it answers again. */
  const lost = new Set<string>();

  const nodesOf = ({ metadata }: Job) =>
    server
      .list(PODS)
      .filter((pod) => pod.metadata.ownerReferences?.[0]?.uid === metadata.uid)
      .map((pod) => pod.spec?.nodeName ?? "");
  const isUnreachable = (job: Job) =>
    nodesOf(job).some((node) => world.kubelet.unreachableSinceMs(node) !== null);

  world.on("written", ({ plural, object }) => {
    const ending = plural === JOBS.plural && object.metadata.deletionTimestamp;
    if (ending && nodesOf(object as Job).some((node) => world.kubelet.wasUnreachable(node)))
      lost.add(object.metadata.uid);
  });
  /** By UID of the MediaJob: each value `parallelism` had, and until when. */
  const parallelism = new Map<string, { value: number; untilMs: number }[]>();

  world.on("written", ({ plural, object, before }) => {
    if (plural !== MEDIA_JOBS.plural) return;
    const parallelismOf = (job: unknown) => (job as { spec: { parallelism: number } }).spec.parallelism;
    const former = parallelism.get(object.metadata.uid) ?? [];
    if (before && parallelismOf(before) !== parallelismOf(object))
      parallelism.set(object.metadata.uid, [
        ...former,
        { value: parallelismOf(before), untilMs: time.nowMs },
      ]);
  });

  world.on("written", ({ plural, type, object }) => {
    if (plural !== JOBS.plural || type !== "ADDED") return;
    const live = server
      .list(JOBS)
      .filter((job) => !hasCondition(job, "Complete") && !hasCondition(job, "Failed"))
      .filter((job) => !lost.has(job.metadata.uid) && !isUnreachable(job));
    const created = `as ${object.metadata.name} is created`;
    if (live.length > configuration.concurrency)
      fail(
        "caps are never exceeded",
        `${live.length} Jobs live ${created}; the operator's cap is ${configuration.concurrency}`,
      );
    const inNamespace = live.filter(({ metadata }) => metadata.namespace === object.metadata.namespace);
    if (inNamespace.length > configuration.concurrencyPerNamespace)
      fail(
        "caps are never exceeded",
        `${inNamespace.length} Jobs live in a namespace ${created}; its cap is ${configuration.concurrencyPerNamespace}`,
      );
    for (const { name, concurrency } of configuration.pools) {
      const inPool = live.filter((job) => poolOf(job) === name);
      if (inPool.length > concurrency)
        fail(
          "caps are never exceeded",
          `${inPool.map(({ metadata }) => metadata.name)} live in pool ${name} ${created}; its cap is ${concurrency}`,
        );
    }
    for (const [priority, most] of Object.entries(configuration.recovery.retriesAtOnce)) {
      const retries = live.filter((job) => gateOfJob(job)?.endsWith(`/${priority}`));
      for (const [gate, jobs] of Map.groupBy(retries, gateOfJob))
        if (jobs.length > most)
          fail(
            "no more retries run at once than are allowed",
            `${jobs.map(({ metadata }) => metadata.name)} live as retries of ${gate} ${created}; ${most} may`,
          );
    }
    const owner = object.metadata.ownerReferences?.find(({ apiVersion }) => apiVersion === API_VERSION);
    const job = server.list(MEDIA_JOBS).find(({ metadata }) => metadata.uid === owner?.uid);
    if (!job) return;
    const former = (parallelism.get(job.metadata.uid) ?? []).filter(
      ({ untilMs }) => time.nowMs - untilMs < BEHIND_MS,
    );
    const allowed = Math.max(job.spec.parallelism, ...former.map(({ value }) => value));
    const own = live.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === job.metadata.uid);
    if (own.length > allowed)
      fail(
        "parallelism is never exceeded",
        `${own.length} Jobs of ${job.metadata.name} live ${created}; parallelism is ${allowed}`,
      );
  });
};

const gateOfJob = ({ metadata }: Job) => metadata.annotations?.[ATTEMPT_ANNOTATIONS.retryOf];

const poolOf = ({ metadata }: Job) => metadata.annotations?.[ATTEMPT_ANNOTATIONS.pool];
