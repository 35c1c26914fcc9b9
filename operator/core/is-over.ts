import type { MediaJob } from "../../crds/media-job.ts";
import { isTerminal } from "../../crds/media-job-status.ts";

/** Whether a MediaJob has ended and stays so: it does not once retryGeneration is raised, unless it was cancelled. */
export function isOver({ spec, status }: Pick<MediaJob, "spec" | "status">): boolean {
  const { phase } = status ?? {};
  if (!isTerminal(phase)) return false;
  return phase === "Cancelled" || !isRetried({ spec, status });
}

/** Whether retryGeneration was raised, and no status tells of it yet. */
export const isRetried = ({ spec, status }: Pick<MediaJob, "spec" | "status">): boolean =>
  spec.retryGeneration > (status?.retryGeneration ?? 0);
