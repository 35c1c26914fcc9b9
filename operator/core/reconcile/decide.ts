import type { MediaJob } from "../../../crds/media-job.ts";
import type { MediaJobStatus } from "../../../crds/media-job-status.ts";
import type { UnitResult } from "../../../crds/result.ts";
import { isOver } from "../is-over.ts";
import { isAuxiliary, type Plan } from "../plan/plan.ts";
import type { Decision, Observation } from "./decision.ts";
import { newFailures } from "./failed-attempts.ts";
import { type FoldedUnit, foldUnits } from "./fold-units.ts";
import { withHandOver } from "./hand-over.ts";
import { intentOf } from "./intent.ts";
import { announcementsOf, notify } from "./notify.ts";
import { outcomeOf, phaseOf } from "./phase.ts";
import { DEFAULT_POLICY, type Policy } from "./policy.ts";
import { RejectedUnits } from "./rejected-units.ts";
import { sourceCounts } from "./source-counts.ts";
import { startAttempts } from "./start-attempts.ts";
import { statusOf } from "./status.ts";
import { stopAttempts, takeBack } from "./stop-attempts.ts";
import { withToldAttempts } from "./told-attempts.ts";
import {
  crowdedPools,
  endTroubled,
  nextTroubleMs,
  stopLost,
  troubleOf,
  withLostAttempts,
} from "./trouble.ts";
import { UNIT_LETTERS } from "./unit-state.ts";

/**
 * One decision about one MediaJob: what to do, and the status that is true then. Pure; the same observation
 * gives the same decision, so a crash between any two of its effects is repaired by deciding again.
 *
 * The order is the order of cause: what the units did, what is wanted, what to start and stop, the phase
 * that follows, and who is told.
 */
export function decide(observed: Observation, plan: Plan, policy: Policy = DEFAULT_POLICY): Decision {
  const { job, nowMs } = observed;
  if (isOver(job)) return decideFinished(observed);

  const attempts = withLostAttempts(observed.attempts, policy, nowMs);
  const observation = { ...observed, attempts };
  const units = foldUnits({ job, attempts: withToldAttempts(attempts, job) }, plan);
  const intent = intentOf(job, plan, units, nowMs);
  const starts = startAttempts({
    job,
    units,
    intent,
    begun: job.status?.startTime !== undefined || attempts.length > 0,
    free: observation.free,
    freeInAll: observation.freeInAll ?? Number.POSITIVE_INFINITY,
    pauses: observation.pauses ?? [],
    retryRoom: observation.retryRoom ?? new Map(),
    waitingSinceMs: observation.waitingSinceMs ?? new Map(),
    rejected: new RejectedUnits(observation.rejections ?? new Map(), {
      generation: job.spec.retryGeneration,
      startDeadlineMs: policy.startDeadlineMs,
      isStopping: intent.stop !== undefined,
      nowMs,
    }),
    gpuRoomMs: policy.gpuRoomMs,
    pools: policy.pools,
    nowMs,
  });
  const stops = [
    ...stopLost(attempts),
    ...(intent.stop?.stopRunning
      ? stopAttempts(units)
      : [...takeBack(units, intent), ...endTroubled(units, policy, nowMs)]),
  ];
  const trouble = troubleOf(units, policy, nowMs);
  const sources = sourceCounts(plan, job, starts.units);
  const phase = phaseOf({
    ...{ job, plan, units: starts.units, sources, intent },
    starting: starts.actions.length,
    heldBy: starts.pausedBy ?? starts.rejectedBy,
  });
  const told = statusOf({ observation, plan, units: starts.units, sources, phase, starts, intent, trouble });
  const fresh = newFailures(attempts, job.status?.attempts ?? []);
  const status = notify(job, told, observation, { units: starts.units, newFailures: fresh });

  return {
    actions: [
      ...stops,
      ...withHandOver(starts.actions, {
        job,
        units: starts.units,
        status,
        outcome: outcomeOf({ plan, units: starts.units, sources, intent }),
      }),
    ],
    status,
    announcements: announcementsOf(job, status, starts, fresh),
    requeueAfterMs: soonest(
      [
        starts.nextStartMs,
        intent.stop ? null : intent.deadlineMs,
        nextTroubleMs(attempts, policy, nowMs),
        // A Job that can make no pod changes in nothing, so nobody would tell of it.
        starts.actions.length > 0 ? nowMs + policy.startGraceMs : null,
        // The last unit that probes may have ended by this decision alone; the rest is planned in the next pass.
        plan.awaitsFacts && starts.units.every(({ state }) => state.state === "Ended") ? nowMs : null,
        endOfLifeMs(job, status),
      ],
      nowMs,
    ),
    measured: starts.units.flatMap(({ unit, state, fresh }) =>
      fresh &&
      state.state === "Ended" &&
      state.letter === UNIT_LETTERS.succeeded &&
      state.result &&
      !state.result.facts &&
      !state.result.counts.skipped
        ? [{ unit, usage: state.result.usage, mediaSeconds: longestOf(state.result) }]
        : [],
    ),
    ...doneIn(starts.units),
    newFailures: fresh,
    waitingFor: starts.waitingFor,
    crowdedPools: crowdedPools(attempts),
    ...(starts.gatedBy && { gatedBy: starts.gatedBy }),
  };
}

/** That an endpoint was taken out of the operator's configuration brings no pass to what is over. */
const LOOK_AGAIN_MS = 600_000;

/**
 * A MediaJob that is over only delivers its last events and waits for its end of life, whatever its plan was. Its outbox
 * would go with it, so it stays until the last event is delivered or given up, which brings a pass.
 */
export function decideFinished(observation: Observation): Decision {
  const { job, nowMs } = observation;
  const status = notify(job, stillTrue(job), observation);
  const endMs = endOfLifeMs(job, status);
  const due = endMs !== null && endMs <= nowMs && !isDelivering(status);
  const leftovers = observation.attempts.filter(({ state }) => state === "Active");
  return {
    actions: [
      ...leftovers.map((attempt) => ({ do: "StopAttempt" as const, attempt })),
      ...(due ? [{ do: "DeleteMediaJob" as const }] : []),
    ],
    status,
    announcements: [],
    requeueAfterMs: due || endMs === null ? null : endMs > nowMs ? endMs - nowMs : LOOK_AGAIN_MS,
    measured: [],
    newFailures: [],
    waitingFor: new Map(),
    crowdedPools: new Set(),
  };
}

/**
 * The status of a finished MediaJob, true of its spec as it is by now. Each condition says so as well: `kubectl wait`
 * passes over one that was set from an earlier generation.
 */
function stillTrue({ metadata: { generation }, status = {} }: MediaJob): MediaJobStatus {
  if (generation === undefined) return status;
  const conditions = status.conditions?.map((each) => ({ ...each, observedGeneration: generation }));
  return { ...status, observedGeneration: generation, ...(conditions && { conditions }) };
}

/** Whether an event is on its way; one for an endpoint that is gone waits for a person. */
const isDelivering = ({ webhooks = [] }: MediaJobStatus): boolean =>
  webhooks.some(({ pending, disabled }) => pending.length > 0 && !disabled);

/** When a finished MediaJob is deleted; null when it is kept, or not finished. */
const endOfLifeMs = ({ spec }: MediaJob, { completionTime }: MediaJobStatus): number | null =>
  spec.ttlSecondsAfterFinished === undefined || !completionTime
    ? null
    : Date.parse(completionTime) + spec.ttlSecondsAfterFinished * 1000;

/** What is given up is not done, though something of it may stand. */
function doneIn(units: readonly FoldedUnit[]): Pick<Decision, "done"> {
  const done = units.filter(
    ({ state, fresh }) =>
      fresh &&
      state.state === "Ended" &&
      !state.failure &&
      (state.letter === UNIT_LETTERS.succeeded || state.letter === UNIT_LETTERS.partial),
  );
  if (!done.length) return {};
  const looked = ({ unit, state }: FoldedUnit) =>
    isAuxiliary(unit) || (state.state === "Ended" && state.result?.facts !== undefined);
  return { done: { wrote: !done.every(looked) } };
}

const longestOf = ({ outputs }: UnitResult): number =>
  Math.max(0, ...outputs.map(({ durationSeconds = 0 }) => durationSeconds));

function soonest(times: readonly (number | null)[], nowMs: number): number | null {
  const future = times.filter((time) => time !== null);
  return future.length ? Math.max(0, Math.min(...future) - nowMs) : null;
}
