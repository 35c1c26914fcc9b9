import { LABELS } from "../../../crds/group.ts";
import { isTerminal } from "../../../crds/media-job-status.ts";
import { MEDIA_JOBS, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import type { Process } from "../model/kubelet.ts";
import { FINALIZE, unitsOf } from "../units-of.ts";
import type { Checker } from "./checker.ts";

/**
 * What finalizes runs alone, when all else has ended, and always: a MediaJob of several units that ever began is over
 * only after it was tried, however it ended. Processes are the truth; one on a node that was lost may run on. So one
 * that wants a report has one: of what finalized, or of its only unit. And what a worker leaves that does not come to its
 * end is swept: by the next attempt, or by what finalizes. Of one that was told to stop nobody sees how it ended.
 */
export const finalizing: Checker = (world, fail) => {
  const live = new Set<Process>();
  const tried = new Set<string>();
  /** By MediaJob, the last process that made a private directory; while that is there. */
  const left = new Map<string, Process>();

  world.on("started", (process) => {
    const others = [...live].filter(
      ({ mediaJob, unit, node }) =>
        mediaJob === process.mediaJob &&
        (unit === FINALIZE) !== (process.unit === FINALIZE) &&
        !world.kubelet.wasUnreachable(node),
    );
    for (const { pod } of others)
      fail(
        "what finalizes runs alone",
        `${process.pod.metadata.name} starts while ${pod.metadata.name} runs`,
      );
    live.add(process);
    left.set(process.mediaJob, process);
  });
  world.on("ended", (process) => {
    live.delete(process);
    if (left.get(process.mediaJob) === process && cameToItsEnd(process)) left.delete(process.mediaJob);
  });

  world.on("written", ({ plural, type, object }) => {
    if (plural === "jobs" && type === "ADDED" && object.metadata.labels?.[LABELS.unit] === FINALIZE)
      tried.add(object.metadata.labels[LABELS.jobUid] ?? "");
    if (plural !== MEDIA_JOBS.plural) return;
    const { metadata, spec, status } = object as StoredMediaJob;
    if (!isTerminal(status?.phase) || !status?.startTime) return;
    // Somebody wants more of it: it goes on, by a plan that may have been made before status says so.
    if (spec.retryGeneration > (status.retryGeneration ?? 0)) return;
    if (spec.report && !status.reportUri && !tried.has(metadata.uid))
      fail(
        "what began and has ended is reported",
        `${metadata.name} is ${status.phase} and nothing reported it`,
      );
    const untidy = left.get(metadata.uid);
    const isStopped = spec.cancel || spec.activeDeadlineSeconds !== undefined;
    if (untidy && !tried.has(metadata.uid) && !isStopped)
      fail(
        "what a killed worker left is swept",
        `${metadata.name} is ${status.phase}, and ${untidy.pod.metadata.name} has left files`,
      );
    if (!unitsOf(world, object as StoredMediaJob).includes(FINALIZE)) return;
    if (!tried.has(metadata.uid))
      fail(
        "what finalizes runs always",
        `${metadata.name} began, is ${status.phase} and was never finalized`,
      );
  });
};

/** Whether it told how it ended, which it does once it has swept. */
const cameToItsEnd = ({ exit }: Process): boolean =>
  exit?.exitCode === 0 || exit?.message?.startsWith("{") === true;
