import { LABELS } from "../../../crds/group.ts";
import type { UnitResult } from "../../../crds/result.ts";
import { decodeLedger } from "../../../operator/core/ledger.ts";
import { generationOf } from "../../../operator/core/reconcile/attempt.ts";
import { JOBS, MEDIA_JOBS, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import type { Process } from "../model/kubelet.ts";
import { isOpen, isRepeated, unitsOf } from "../units-of.ts";
import type { Checker } from "./checker.ts";
import { isLost, wasJustLost } from "./lost.ts";

/**
 * Processes are the truth here, not Jobs or pods: no unit has two at once, and none starts for work that is finished.
 * A unit is finished when status says so, unless a raised retryGeneration opened it again; and when a Job of it
 * completed with everything made, whatever status knows by then.
 */
export const attempts: Checker = (world, fail) => {
  const live = new Map<string, Process>();
  /** Processes beside which another attempt was asked for while their node was lost; it may be back before that starts. */
  const givenUp = new Set<Process>();
  /** The latest attempt at each unit that was asked for. */
  const asked = new Map<string, number>();
  const complete = new Set<string>();

  world.on("started", (process) => {
    const unit = `${process.mediaJob}/${process.unit}`;
    const work = workOf(unit, process.attempt);
    const other = live.get(unit);
    // A pod that its node had not begun yet, and begins when it is back, before anybody tells it not to.
    const isLate = (asked.get(unit) ?? 0) > process.attempt && world.kubelet.wasUnreachable(process.node);
    if (isLate) givenUp.add(process);
    const isOvertaken = isLate && other && process.attempt < other.attempt;
    if (other && !isLost(other, world) && !givenUp.has(other) && !isOvertaken)
      fail(
        "no unit has two live attempts at once",
        `${process.unit} of ${process.mediaJob}: attempt ${process.attempt} (${process.pod.metadata.name}) starts while attempt ${other.attempt} (${other.pod.metadata.name}) runs`,
      );
    live.set(unit, process);
    // One that may have left its source to parts has to say so: where its word was lost with its pod, it is asked again.
    if (complete.has(work) && process.wholeUpToSeconds === undefined)
      fail("finished work never runs again", `${process.pod.metadata.name} runs a unit that is complete`);
    const job = world.server.list(MEDIA_JOBS).find(({ metadata }) => metadata.uid === process.mediaJob);
    const letter = job && letterOf(job, unitsOf(world, job), process.unit);
    // Nor was it told to end before, where it was given up and nothing comes after it.
    const isUntold = isToEnd(process) && world.kubelet.wasUnreachable(process.node);
    const isFinished = letter !== undefined && !isOpen(letter) && !isUntold;
    if (job && isFinished && !mayRunAgain(job, letter, process.unit))
      fail(
        "finished work never runs again",
        `${process.pod.metadata.name} runs, though the ledger of ${job.metadata.name} has ${letter} for ${process.unit}`,
      );
  });

  world.on("ended", (process) => {
    const unit = `${process.mediaJob}/${process.unit}`;
    if (live.get(unit) === process) live.delete(unit);
  });

  world.on("written", ({ plural, type, object }) => {
    if (plural !== "jobs" || type !== "ADDED") return;
    const { labels = {} } = object.metadata;
    const unit = `${labels[LABELS.jobUid]}/${labels[LABELS.unit]}`;
    asked.set(unit, Math.max(asked.get(unit) ?? 0, Number(labels[LABELS.attempt])));
    const other = live.get(unit);
    if (other && wasJustLost(other, world)) givenUp.add(other);
  });

  world.on("written", ({ plural, object, by }) => {
    // What was told to end and ends well all the same is gone with its Job: nobody need have seen it.
    if (plural !== "jobs" || by !== "job-controller" || object.metadata.deletionTimestamp) return;
    const conditions = (object as { status?: { conditions?: { type: string }[] } }).status?.conditions;
    if (!conditions?.some(({ type }) => type === "Complete")) return;
    const { labels = {} } = object.metadata;
    const unit = `${labels[LABELS.jobUid]}/${labels[LABELS.unit]}`;
    if (madeAll(object.metadata.uid)) complete.add(workOf(unit, Number(labels[LABELS.attempt])));
  });

  /** Whether the Job of that pod is being deleted, or gone. */
  function isToEnd({ pod }: Process): boolean {
    const owner = pod.metadata.ownerReferences?.[0]?.uid;
    const job = world.server.list(JOBS).find(({ metadata }) => metadata.uid === owner);
    return job?.metadata.deletionTimestamp !== undefined || job === undefined;
  }

  /** Whether the pod of that Job left a result without failures. A result that is lost proves nothing. */
  function madeAll(jobUid: string): boolean {
    return world.server.history("pods").some(({ object }) => {
      if (object.metadata.ownerReferences?.[0]?.uid !== jobUid) return false;
      const { status } = object as { status?: { containerStatuses?: Terminated[] } };
      const message = status?.containerStatuses?.[0]?.state?.terminated?.message;
      return message?.startsWith("{") && (JSON.parse(message) as UnitResult).counts.failed === 0;
    });
  }
};

/** What is done once: a unit; but what is swept is made anew in each retryGeneration. */
const workOf = (unit: string, attempt: number): string =>
  isRepeated(unit.slice(unit.indexOf("/") + 1)) ? `${unit}/${generationOf(attempt)}` : unit;

interface Terminated {
  state?: { terminated?: { message?: string } };
}

const letterOf = ({ status }: StoredMediaJob, units: readonly string[], unit: string): string | undefined =>
  decodeLedger(status?.units?.ledger, units.length)[units.indexOf(unit)];

/** A process may start that was asked for when retryGeneration was raised, before status tells of it. */
const mayRunAgain = ({ spec, status }: StoredMediaJob, letter: string, unit: string): boolean =>
  (letter !== "s" || isRepeated(unit)) && spec.retryGeneration > (status?.retryGeneration ?? 0);
