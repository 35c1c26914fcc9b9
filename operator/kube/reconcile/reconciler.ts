import { isOver } from "../../core/is-over.ts";
import type { Plan } from "../../core/plan/plan.ts";
import { inPlannedOrder } from "../../core/plan/planned-order.ts";
import { kueueQueueOf } from "../../core/queue/kueue.ts";
import { gateOf } from "../../core/queue/retry-gate.ts";
import { decide, decideFinished } from "../../core/reconcile/decide.ts";
import type { Action, Decision, Observation, StartAttempt } from "../../core/reconcile/decision.ts";
import { growthOf } from "../../core/reconcile/growth.ts";
import { policyOf } from "../../core/reconcile/policy.ts";
import { REJECTED } from "../../core/reconcile/rejected-units.ts";
import { withLostAttempts } from "../../core/reconcile/trouble.ts";
import { unplannedStatus } from "../../core/reconcile/unplanned.ts";
import { spreadOf } from "../../core/spread.ts";
import { isRefusal, isRejection } from "../api/api-error.ts";
import { type ObjectKey, refOf } from "../api/kube-object.ts";
import type { StoredMediaJob } from "../api/resources.ts";
import { ownerKey } from "../jobs/owner.ts";
import type { Requeue } from "../work-queue.ts";
import { apply, NameTaken } from "./apply-action.ts";
import { confirm, fetchMissing, findUnseen, observe, standingOf } from "./gather.ts";
import { giveBackPlaces, takePlaces } from "./places.ts";
import type { Shell } from "./shell.ts";
import { isProgressOnly, newsOf, writeStatus } from "./status-write.ts";

/**
 * One pass over one MediaJob: gather, decide, apply, write the status once. Safe to repeat after a crash
 * between any two lines: a Job's name follows from its attempt, so creating it again finds it there; and the
 * status comes last, so it never runs ahead of the cluster.
 */
export async function reconcile(key: ObjectKey, shell: Shell): Promise<Requeue> {
  const cached = shell.mediaJobs.get(refOf(key));
  if (cached) await confirm(cached, shell); // the plan follows from it, too
  const known = shell.mediaJobs.get(refOf(key));
  if (!known) {
    giveBackPlaces(key, shell); // of a pass that ended in an error while it was deleted
    return { afterMs: null };
  }
  const keepPlan = (keep: () => Promise<Plan>) =>
    keep().catch((error: unknown) => tellUnplanned(known, error, shell));
  let plan = isOver(known) ? undefined : await keepPlan(() => planOf(known, shell));
  for (;;) {
    const job = await gather(known, plan, shell);
    if (!job) {
      shell.line.remove(key); // what will never start is not to be woken for a place, again and again
      shell.retryLine.leave(key);
      shell.keptRoom.leave(key, shell.clock.date().getTime());
      giveBackPlaces(key, shell);
      return { afterMs: null }; // garbage collection ends what it owned
    }
    if (!plan && !isOver(job)) return decideAnew(key, shell); // retryGeneration was raised meanwhile

    giveBackPlaces(key, shell); // of an earlier pass that failed midway
    const observation = observe(key, job, shell);
    const growth = plan && growthOf(plan, observation, policyOf(shell.configuration()));
    if (!plan || !growth) return await decideAndAct({ key, job, observation, plan }, shell);
    const [first, configuration] = [plan, shell.configuration()];
    plan = await keepPlan(() =>
      shell.plans.grow(job, first, { growth, configuration, limits: shell.fence() }),
    );
  }
}

/** What a decision is made from: all of it is of one turn, or others may have taken the places that it counts on. */
interface Moment {
  key: ObjectKey;
  job: StoredMediaJob;
  observation: Observation;
  /** Undefined of a MediaJob that is over. */
  plan: Plan | undefined;
}

async function decideAndAct(moment: Moment, shell: Shell): Promise<Requeue> {
  const { key, job } = moment;
  const decision = decideNow(moment, shell);
  try {
    for (const action of decision.actions) {
      if (mayBeGone(job, shell)) return decideAnew(key, shell);
      if (await isRejected(job, action, shell)) return decideAnew(key, shell);
    }
  } catch (error) {
    if (isRefusal(error)) giveBackPlaces(key, shell);
    throw error;
  }
  if (decision.actions.some((action) => action.do === "DeleteMediaJob")) return { afterMs: null };
  const patch = newsOf(job, decision.status);
  const holdMs = patch && isProgressOnly(patch) ? shell.progressPace.waitMs(key, shell.clock.now()) : 0;
  const written = patch && holdMs === 0 ? await writeStatus(job, decision.status, shell) : job;
  if (!written) {
    giveBackPlaces(key, shell);
    return { afterMs: null };
  }
  for (const announcement of decision.announcements) shell.onAnnouncement(written, announcement);
  for (const measured of decision.measured) shell.onMeasured(measured);
  shell.onStatus(key, written, { previous: job.status, newFailures: decision.newFailures });
  if (isOver(written)) forgetWork(written, shell);
  return { afterMs: soonest(decision.requeueAfterMs, waiting(decision, shell), holdMs || null) };
}

/** Jobs that are there may be of a former self, which died before it wrote a status. */
const planOf = (job: StoredMediaJob, { plans, configuration, fence, jobs }: Shell): Promise<Plan> =>
  plans.of(job, {
    configuration: configuration(),
    limits: fence(),
    begun: jobs.byIndex("owner", ownerKey(job.metadata)).length > 0,
  });

/** What only those that go on need: MediaJobs that are over may be kept for weeks, in any number. */
function forgetWork({ metadata: { uid } }: StoredMediaJob, { plans, progress }: Shell): void {
  plans.forget(uid);
  progress.forget(uid);
}

/** That no plan can be kept is told, and the pass ends as it did: a person has to change something. */
async function tellUnplanned(known: StoredMediaJob, error: unknown, shell: Shell): Promise<never> {
  if (isRejection(error) && !isOver(known)) {
    const job = asItIs(known, shell);
    const status = unplannedStatus(job ?? known, error.message, shell.clock.date().getTime());
    if (job && newsOf(job, status)) await writeStatus(job, status, shell);
  }
  throw error;
}

/** News of it may come while one of several actions is written: then the next is not begun. */
const mayBeGone = (job: StoredMediaJob, shell: Shell): boolean =>
  shell.doubted.has(job.metadata.uid) || !asItIs(job, shell);

/**
 * Does what was decided. Whether the API server refuses the Job: that is told, and the pass is done anew without it, so
 * that it keeps neither other units nor what has ended meanwhile.
 */
async function isRejected(job: StoredMediaJob, action: Action, shell: Shell): Promise<boolean> {
  try {
    await apply(job, action, shell);
    if (action.do === "StartAttempt") shell.rejections.accepted(job.metadata.uid, action.unit.name);
    return false;
  } catch (error) {
    if (action.do !== "StartAttempt" || !(isRejection(error) || error instanceof NameTaken)) throw error;
    noteRejection(job, action, error.message, shell);
    return true;
  }
}

function noteRejection(
  { metadata: { uid }, status }: StoredMediaJob,
  { unit, attempt }: StartAttempt,
  message: string,
  { rejections, clock }: Shell,
): void {
  const told = status?.conditions?.find(({ type, reason }) => type === "Stalled" && reason === REJECTED);
  rejections.note(
    uid,
    { unit: unit.name, attempt, message },
    {
      nowMs: clock.date().getTime(),
      spread: spreadOf(`${uid}/${unit.name}`),
      ...(told?.status === "True" && { knownSinceMs: Date.parse(told.lastTransitionTime) }),
    },
  );
}

function decideAnew(key: ObjectKey, shell: Shell): Requeue {
  giveBackPlaces(key, shell);
  return { afterMs: 0 };
}

/**
 * Fetches what the caches cannot know; the MediaJob as it is then, in the order in which it was planned, undefined when
 * it is gone or going.
 *
 * @param plan undefined of one that is over: then it is not asked any more how its attempts ended
 */
async function gather(
  known: StoredMediaJob,
  plan: Plan | undefined,
  shell: Shell,
): Promise<StoredMediaJob | undefined> {
  do {
    await confirm(known, shell);
    await findUnseen(known, shell);
    if (plan) await fetchMissing(known, plan, shell);
  } while (shell.doubted.has(known.metadata.uid));
  const job = asItIs(known, shell);
  const spec = job && inPlannedOrder(job.spec, plan?.order);
  return job && spec && spec !== job.spec ? { ...job, spec } : job;
}

/** The MediaJob as the cache has it now; undefined when it is gone or going, though another of its name may have come. */
function asItIs({ metadata }: StoredMediaJob, { mediaJobs }: Shell): StoredMediaJob | undefined {
  const job = mediaJobs.get(metadata);
  return job?.metadata.uid === metadata.uid && !job.metadata.deletionTimestamp ? job : undefined;
}

/**
 * When to tell a waiting MediaJob its place in the line anew. The longer the line, the less often, so that
 * all of them together cost some ten writes a second at most.
 */
const waiting = ({ waitingFor }: Decision, { line }: Shell): number | null =>
  waitingFor.size ? Math.max(30_000, line.size * 100) : null;

function soonest(...times: readonly (number | null)[]): number | null {
  const due = times.filter((time) => time !== null);
  return due.length ? Math.min(...due) : null;
}

/** Decides and takes the places in the pools that the decision counts on. */
function decideNow({ key, job, observation, plan }: Moment, shell: Shell): Decision {
  const policy = policyOf(shell.configuration());
  const { namespace, uid: owner } = job.metadata;
  for (const { name, lost, deleting } of withLostAttempts(observation.attempts, policy, observation.nowMs)) {
    // Others once they are stopped: that the node does not answer may be old news, which is asked about first.
    if (lost && deleting) shell.usage.lose({ namespace, name, owner });
  }
  const decision = plan ? decide(observation, plan, policy) : decideFinished(observation);
  takePlaces(key, job, decision, shell);
  if (decision.gatedBy) shell.retryLine.wait(key, gateOf(decision.gatedBy, job.spec.priority));
  else shell.retryLine.leave(key);
  shell.roomWaits.set(key, decision.waitingFor.keys(), observation.nowMs);
  noteOutcomes(job, decision, shell);
  const self = standingOf(key, job, observation.nowMs);
  if (!kueueQueueOf(job)) shell.keptRoom.set(self, decision.crowdedPools, observation.nowMs);
  shell.line.set({ ...self, wants: decision.waitingFor });
  return decision;
}

/** Tells the breakers what failed and what went well, and that a probe is under way. */
function noteOutcomes(job: StoredMediaJob, { done, actions, newFailures }: Decision, shell: Shell): void {
  const { breakers, clock } = shell;
  const nowMs = clock.date().getTime();
  if (done) breakers.succeeded(job, done);
  for (const failure of newFailures) breakers.failed(job, failure, nowMs);
  if (actions.some((action) => action.do === "StartAttempt")) breakers.probing(job, nowMs);
}
