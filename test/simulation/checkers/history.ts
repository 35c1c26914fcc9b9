import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import { MEDIA_JOBS, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import type { Checker } from "./checker.ts";

const MAX_TRANSITIONS = 50;

/** The write that tells of a new phase adds one transition to the history, from the phase before to this one; no other write touches it. */
export const history: Checker = (world, fail) => {
  world.on("written", ({ plural, type, object, before }) => {
    if (plural !== MEDIA_JOBS.plural || type !== "MODIFIED") return;
    const [job, earlier] = [object as StoredMediaJob, before as StoredMediaJob];
    if (job.status && job.status !== earlier.status)
      check(job.metadata.name, earlier.status ?? {}, job.status);
  });

  function check(name: string, before: MediaJobStatus, after: MediaJobStatus) {
    const bad = (what: string) => fail("each transition is in the history once", `${name}: ${what}`);
    const [old, now] = [before.history ?? [], after.history ?? []];
    const kept = before.phase === after.phase ? now : now.slice(0, -1);
    const fallen = Math.max(0, old.length - kept.length);
    if (JSON.stringify(kept) !== JSON.stringify(old.slice(fallen)))
      bad(`from ${before.phase} to ${after.phase} ${JSON.stringify(old)} became ${JSON.stringify(now)}`);
    if (fallen > 0 && now.length < MAX_TRANSITIONS) bad(`${fallen} transitions are gone`);
    const last = now.at(-1);
    if (before.phase !== after.phase && (last?.from !== before.phase || last?.to !== after.phase))
      bad(`from ${before.phase} to ${after.phase} it tells of ${JSON.stringify(last)}`);
  }
};
