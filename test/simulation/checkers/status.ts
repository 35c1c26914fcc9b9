import { LABELS } from "../../../crds/group.ts";
import { isTerminal, type MediaJobStatus } from "../../../crds/media-job-status.ts";
import type { UnitResult } from "../../../crds/result.ts";
import { decodeLedger } from "../../../operator/core/ledger.ts";
import { isAuxiliary } from "../../../operator/core/plan/plan.ts";
import { MEDIA_JOBS, type Pod, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import { isOpen, isRepeated, planOf, unitsOf } from "../units-of.ts";
import type { Checker } from "./checker.ts";

/**
 * What status says is true: its counters are those of its ledger, a letter stands only for what Jobs and results show,
 * each result is taken in once, and what runs has a Job. And it goes one way: progress and counters never fall within
 * a retryGeneration, what has a letter keeps it, and what has ended stays ended.
 */
export const status: Checker = (world, fail) => {
  /** Units that ever had a Job, by MediaJob. */
  const started = new Map<string, Set<string>>();
  /** What every pod left, by `mediajob/unit` and UID of the pod: a Job that was deleted is made again by its name. */
  const results = new Map<string, Map<string, UnitResult>>();

  world.on("written", ({ plural, type, object }) => {
    const { labels = {} } = object.metadata;
    const uid = labels[LABELS.jobUid] ?? "";
    const unit = labels[LABELS.unit] ?? "";
    if (plural === "jobs" && type === "ADDED") started.set(uid, (started.get(uid) ?? new Set()).add(unit));
    const result = plural === "pods" ? resultOf(object as Pod) : undefined;
    if (!result) return;
    const key = `${uid}/${unit}`;
    results.set(key, (results.get(key) ?? new Map()).set(object.metadata.uid, result));
  });

  world.on("written", ({ plural, type, object, before }) => {
    if (plural !== MEDIA_JOBS.plural || type !== "MODIFIED") return;
    const job = object as StoredMediaJob;
    const earlier = before as StoredMediaJob;
    if (!job.status || job.status === earlier.status) return;
    isTrue(job, job.status);
    goesOneWay(job, earlier.status ?? {}, job.status);
  });

  function isTrue(job: StoredMediaJob, { units, sources, phase, usage, completionTime }: MediaJobStatus) {
    const { metadata } = job;
    const bad = (what: string) => fail("status is true", `${metadata.name}: ${what}`);
    if (!units || !phase) return bad("it has no phase or no counters");
    const plan = planOf(world, job);
    const planned = plan.units.map(({ name }) => name);
    const letters = decodeLedger(units.ledger, planned.length);
    const count = (...of: string[]) => letters.filter((letter) => of.includes(letter)).length;
    if (units.total !== planned.length) bad(`it counts ${units.total} units of ${planned.length}`);
    if (units.succeeded !== count("s", "p") || units.failed !== count("f") || units.cancelled !== count("c"))
      bad(`its counters ${JSON.stringify(units)} are not those of its ledger`);
    const open = letters.filter(isOpen).length;
    if (units.pending < 0 || units.pending + units.running !== open)
      bad(`${units.pending} units pend and ${units.running} run, but ${open} have not ended`);
    const terminal = isTerminal(phase);
    if (terminal !== (open === 0 && !plan.awaitsFacts)) bad(`it is ${phase} with the ledger ${units.ledger}`);
    if (terminal !== (completionTime !== undefined))
      bad(`it is ${phase} and its completionTime ${completionTime}`);

    const lacking = new Set(
      plan.units.flatMap((unit, index) =>
        !isAuxiliary(unit) && ["f", "c"].includes(letters[index] ?? "") ? unit.sources : [],
      ),
    );
    if ((sources?.succeeded ?? 0) + lacking.size > job.spec.sources.length)
      bad(`${sources?.succeeded} sources are said to have succeeded, and ${lacking.size} lack an output`);

    const known = started.get(metadata.uid) ?? new Set();
    if (units.running > known.size)
      bad(`${units.running} units are said to run, ${known.size} ever had a Job`);
    for (const [index, letter] of letters.entries()) {
      if (letter !== "s" && letter !== "p") continue;
      const unit = planned[index] ?? "";
      const made = [...(results.get(`${metadata.uid}/${unit}`)?.values() ?? [])];
      if (!known.has(unit)) bad(`${unit} is said to have succeeded, but never had a Job`);
      if (letter === "p" && !made.some(({ counts }) => counts.failed > 0))
        bad(`${unit} is said to have succeeded in part, but no attempt says so`);
      if (
        letter === "s" &&
        made.length > 0 &&
        made.every(({ failure, counts }) => failure ?? counts.failed > 0)
      )
        if (!silent(metadata.uid, unit))
          bad(`${unit} is said to have succeeded, but every result says it failed`);
    }
    if (!usage?.bytesOut) return;
    const most = planned.reduce((sum, unit) => sum + bytesOf(metadata.uid, unit), 0);
    if (usage.bytesOut > most) bad(`it counts ${usage.bytesOut} bytes of output; all attempts made ${most}`);
  }

  /**
   * Whether some attempt at the unit ended well without a word, or its pod was deleted and took the word with it: a
   * drained pod may end well within its grace period, and is gone before its Job is complete.
   */
  const silent = (uid: string, unit: string) =>
    world.server.history("pods").some(({ object, type }) => {
      const { labels = {} } = object.metadata;
      const own = labels[LABELS.jobUid] === uid && labels[LABELS.unit] === unit;
      const well = (object as Pod).status?.phase === "Succeeded";
      return own && well && (type === "DELETED" || !resultOf(object as Pod));
    });

  const bytesOf = (uid: string, unit: string) =>
    [...(results.get(`${uid}/${unit}`)?.values() ?? [])].reduce((sum, { usage }) => sum + usage.bytesOut, 0);

  function goesOneWay(job: StoredMediaJob, from: MediaJobStatus, to: MediaJobStatus) {
    const { metadata } = job;
    const bad = (what: string) => fail("progress and counters never fall", `${metadata.name}: ${what}`);
    if (from.startTime && from.startTime !== to.startTime)
      bad(`startTime went from ${from.startTime} to ${to.startTime}`);
    if ((from.eventSequence ?? 0) > (to.eventSequence ?? 0)) bad("eventSequence fell");
    if ((from.retryGeneration ?? 0) > (to.retryGeneration ?? 0)) bad("retryGeneration fell");
    if ((from.observedGeneration ?? 0) > (to.observedGeneration ?? 0)) bad("observedGeneration fell");
    if ((from.usage?.bytesOut ?? 0) > (to.usage?.bytesOut ?? 0)) bad("usage.bytesOut fell");
    const planned = unitsOf(world, job);
    const [before, after] = [from, to].map(({ units }) => decodeLedger(units?.ledger, planned.length));
    const retried = (to.retryGeneration ?? 0) > (from.retryGeneration ?? 0);
    for (const [index, letter] of (before ?? []).entries())
      if (
        !isOpen(letter) &&
        after?.[index] !== letter &&
        !(retried && (letter !== "s" || isRepeated(planned[index] ?? "")))
      )
        bad(`the letter of ${planned[index]} went from ${letter} to ${after?.[index]}`);
    if (retried) return;
    if ((from.sources?.failed ?? 0) > (to.sources?.failed ?? 0))
      bad(`sources.failed fell from ${from.sources?.failed} to ${to.sources?.failed}`);
    if ((from.progress?.percent ?? 0) > (to.progress?.percent ?? 0))
      bad(`progress fell from ${from.progress?.percent} to ${to.progress?.percent}`);
    if (isTerminal(from.phase) && to.phase !== from.phase) bad(`it was ${from.phase} and is ${to.phase}`);
  }
};

function resultOf({ status }: Pod): UnitResult | undefined {
  const message = status?.containerStatuses?.[0]?.state?.terminated?.message;
  return message?.startsWith("{") ? (JSON.parse(message) as UnitResult) : undefined;
}
