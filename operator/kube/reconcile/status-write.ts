import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import { isConflict, isRefusal, nullWhenNotFound } from "../api/api-error.ts";
import { keyOf } from "../api/kube-object.ts";
import { mergePatchOf } from "../api/merge-patch.ts";
import { MEDIA_JOBS, type StoredMediaJob } from "../api/resources.ts";
import type { Shell } from "./shell.ts";

/** What differs, if a person would see it: that the estimate of the remaining time moved with the clock is no news. */
export function newsOf(job: StoredMediaJob, status: MediaJobStatus): Record<string, unknown> | undefined {
  const previous = job.status ?? {};
  const patch = mergePatchOf(previous, status);
  return patch && !isEtaOnly(patch) ? patch : undefined;
}

/**
 * Writes the status. Fails with Conflict when somebody else wrote since `job` was read. After that, and where no answer
 * says whether it was written, the next pass asks the API server first: the watch may be long silent, and what is there
 * be our own.
 * Null when it is gone, which the cache then knows before its watch says so: or its Jobs, which garbage collection
 * ends, would be made again.
 */
export async function writeStatus(
  job: StoredMediaJob,
  status: MediaJobStatus,
  shell: Shell,
): Promise<StoredMediaJob | null> {
  shell.progressPace.shown(keyOf(job.metadata), shell.clock.now());
  let written: StoredMediaJob | null;
  try {
    written = await shell.echoes.during(MEDIA_JOBS, job.metadata, () =>
      nullWhenNotFound(shell.client.replaceStatus(MEDIA_JOBS, job.metadata, status, shell.fence())),
    );
  } catch (error) {
    const isKnown = shell.mediaJobs.get(job.metadata)?.metadata.uid === job.metadata.uid;
    if (isKnown && (isConflict(error) || !isRefusal(error))) shell.doubted.add(job.metadata.uid);
    throw error;
  }
  if (!written) {
    shell.mediaJobs.observeGone(job);
    return null;
  }
  const kept = shell.mediaJobs.transform(written); // the whole of one that is over, once more, would wait with its events
  shell.mediaJobs.observe(kept);
  return kept;
}

export const isProgressOnly = (patch: Record<string, unknown>): boolean =>
  Object.keys(patch).every((field) => field === "progress");

const isEtaOnly = ({ progress, ...rest }: Record<string, unknown>): boolean =>
  Object.keys(rest).length === 0 &&
  Object.keys(progress ?? {}).every((field) => /^eta(Max)?Seconds$/.test(field));
