import type { Job, Pod } from "../api/resources.ts";

/** For how long it says something of the cluster that a Job waited long for its pod. */
const NEWS_MS = 60_000;

/**
 * How far the cluster is behind in making pods: with ten thousand Jobs at once, its Job controller is so by minutes, and
 * of none of them anything is the matter. Times are the API server's, so that whoever comes to lead knows the same.
 */
export class PodLag {
  #longest = { lagMs: 0, madeAtMs: Number.NEGATIVE_INFINITY };

  /**
   * A pod was made for the Job. A Job that was suspended waited for somebody else. That a pod replaces a lost one is not
   * seen here: it makes the cluster look late for a minute.
   */
  note({ metadata, status }: Job, pod: Pod): void {
    if (status?.conditions?.some(({ type }) => type === "Suspended")) return;
    const madeAtMs = Date.parse(pod.metadata.creationTimestamp ?? "");
    const lagMs = madeAtMs - Date.parse(metadata.creationTimestamp ?? "");
    if (lagMs >= this.ms(madeAtMs)) this.#longest = { lagMs, madeAtMs };
  }

  /** The longest that a Job waited for a pod that was made in the last minute; 0 when none was. */
  ms(nowMs: number): number {
    const { lagMs, madeAtMs } = this.#longest;
    return nowMs - madeAtMs <= NEWS_MS ? lagMs : 0;
  }
}
