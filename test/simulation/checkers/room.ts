import { isTerminal } from "../../../crds/media-job-status.ts";
import { JOBS, type Job, MEDIA_JOBS } from "../../../operator/kube/api/resources.ts";
import { ATTEMPT_ANNOTATIONS } from "../../../operator/kube/jobs/unit-job.ts";
import { hasCondition } from "../model/server.ts";
import type { Checker } from "./checker.ts";

/** What went wrong before it was calm may be tried again as late as this: the longest backoff, and a Lease. */
const SETTLED_MS = 90_000;

const LOOK_MS = 2_000;

/** Who waits is woken at once; by itself it would look again after 30 s. */
const LONG_MS = 10_000;

/**
 * In a calm world nobody waits for room that is there. Not looked at where watches fall silent: what they do not tell
 * is not known for minutes.
 */
export const room: Checker = ({ configuration, scenario, server, time }, fail) => {
  if (scenario.faults.watchSilent) return;
  /** All MediaJobs are of one namespace. */
  const places = Math.min(configuration.concurrency, configuration.concurrencyPerNamespace);
  /** By pool: since when it has had room. */
  const free = new Map<string, number>();
  /** By MediaJob and pool: since when it says that it waits for room. */
  const waits = new Map<string, number>();

  const look = () => {
    const live = server
      .list(JOBS)
      .filter((job) => !hasCondition(job, "Complete") && !hasCondition(job, "Failed"));
    for (const { name, concurrency } of configuration.pools) {
      const inPool = live.filter((job) => poolOf(job) === name).length;
      const hasRoom = live.length < places && inPool < concurrency;
      if (!hasRoom) free.delete(name);
      else if (!free.has(name)) free.set(name, time.nowMs);
    }
    for (const { metadata, spec, status } of server.list(MEDIA_JOBS)) {
      const over = isTerminal(status?.phase);
      const goes = metadata.deletionTimestamp !== undefined; // what its status said last is not told anew
      const waiting = !over && !goes && !spec.suspend && ROOM.includes(status?.queue?.reason ?? "");
      for (const { name } of configuration.pools) {
        const key = `${metadata.uid}/${name}`;
        if (!waiting || !status?.queue?.message?.includes(`in pool ${name}`)) waits.delete(key);
        else if (!waits.has(key)) waits.set(key, time.nowMs);
        const sinceMs = Math.max(waits.get(key) ?? time.nowMs, free.get(name) ?? time.nowMs);
        if (time.nowMs - sinceMs >= LONG_MS)
          fail(
            "nobody waits for room that is there",
            `${metadata.name} waits for pool ${name}, which has had room for ${LONG_MS / 1000} s`,
          );
      }
    }
    time.after(LOOK_MS, look);
  };
  time.after(scenario.calmFromMs + SETTLED_MS, look);
};

/** What status.queue says of who waits for a place. */
const ROOM = ["PoolFull", "NamespaceFull", "OperatorFull"];

const poolOf = ({ metadata }: Job): string | undefined => metadata.annotations?.[ATTEMPT_ANNOTATIONS.pool];
