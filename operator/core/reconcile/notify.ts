import type { MediaJob } from "../../../crds/media-job.ts";
import type { FailedAttempt, MediaJobStatus, PendingDelivery } from "../../../crds/media-job-status.ts";
import type { Announcement, Observation } from "./decision.ts";
import { endpointsOf, wantsDetails } from "./endpoints.ts";
import { detailsOf, type Happening, inOrder, readyMessage, tells, transitionOf } from "./events.ts";
import type { FoldedUnit } from "./fold-units.ts";
import { outboxOf } from "./outbox.ts";
import type { Starts } from "./start-attempts.ts";

/** That a unit runs without the accelerator it was planned to have: of an Event and of a warning in the status. */
export const FALLBACK_REASON = "RunsWithoutGpu";

/**
 * Brings the outbox up to date: takes out what was delivered or given up, and adds what happened in this pass.
 * Because the outbox is a part of the status, a transition and its event are written in one update, and neither is
 * ever there without the other.
 *
 * Every transition has a number, told or not; a detail has one if an endpoint wants it.
 */
export function notify(
  job: MediaJob,
  status: MediaJobStatus,
  { deliveries, endpoints: shared, nowMs }: Observation,
  happened: { units?: readonly FoldedUnit[]; newFailures?: readonly FailedAttempt[] } = {},
): MediaJobStatus {
  const endpoints = endpointsOf(job, shared);
  const transition = transitionOf(job, status);
  const { units = [], newFailures = [] } = happened;
  const details = endpoints.some(wantsDetails) ? detailsOf(job, status, units, newFailures) : [];
  const happenings = inOrder(transition, details, status).filter(
    (happening) => happening === transition || endpoints.some((endpoint) => tells(endpoint, happening)),
  );
  if (!endpoints.length && !status.webhooks?.length && !happenings.length) return status;

  const first = (status.eventSequence ?? 0) + 1;
  const events = happenings.map((happening, index) => ({
    happening,
    event: eventOf(job, status, happening, first + index, nowMs),
  }));
  const { webhookReplayGeneration: wanted } = job.spec;
  const acted = job.status?.webhookReplayGeneration ?? 0;
  const webhooks = endpoints.map((endpoint) =>
    outboxOf({
      endpoint,
      before: job.status?.webhooks?.find(({ name }) => name === endpoint.name),
      outcomes: deliveries.filter(({ webhook }) => webhook === endpoint.name),
      added: events.flatMap(({ happening, event }) => (tells(endpoint, happening) ? [event] : [])),
      replay: wanted > acted,
      nowMs,
    }),
  );
  const { webhooks: _, ...rest } = status;
  return {
    ...rest,
    eventSequence: first - 1 + happenings.length,
    ...(wanted > 0 && { webhookReplayGeneration: wanted }),
    ...(webhooks.length && { webhooks }),
  };
}

function eventOf(
  { metadata }: MediaJob,
  { phase = "Pending" }: MediaJobStatus,
  { type, fromPercent: _, ...details }: Happening,
  sequence: number,
  nowMs: number,
): PendingDelivery {
  return {
    id: `msg_${(metadata.uid ?? "").replaceAll("-", "")}_${sequence}`,
    type,
    sequence,
    time: new Date(nowMs).toISOString(),
    phase,
    ...details,
  };
}

/**
 * Kubernetes Events of this pass: the phase transition, each unit that failed for good, and each that does without
 * the accelerator it would rather have.
 */
export function announcementsOf(
  job: MediaJob,
  status: MediaJobStatus,
  { units, actions }: Pick<Starts, "units" | "actions">,
  newFailures: readonly FailedAttempt[],
): Announcement[] {
  const announcements: Announcement[] = units.flatMap(({ unit, state, fresh }) =>
    fresh && state.state === "Ended" && state.failure
      ? [
          {
            type: "Warning" as const,
            reason: state.failure.reason,
            message: `unit ${unit.name}: ${state.failure.message}`,
          },
        ]
      : [],
  );
  announcements.push(...fallbacksOf(units, actions, newFailures));
  if (status.phase && status.phase !== job.status?.phase) {
    const bad = status.phase === "Failed" || status.phase === "PartiallySucceeded";
    announcements.push({
      type: bad ? "Warning" : "Normal",
      reason: status.phase,
      message: readyMessage(status) ?? status.phase,
    });
  }
  return announcements;
}

function fallbacksOf(
  units: readonly FoldedUnit[],
  actions: Starts["actions"],
  newFailures: readonly FailedAttempt[],
): Announcement[] {
  const fallback = (unit: string, why: string): Announcement => ({
    type: "Warning",
    reason: FALLBACK_REASON,
    message: `unit ${unit}: ${why}`,
  });
  const failed = newFailures.flatMap((failure) => {
    const folded = units.find(({ unit }) => unit.name === failure.unit);
    const goesOn = folded && folded.state.state !== "Ended" && folded.unit.withoutGpu !== undefined;
    return failure.class === "hardware" && goesOn
      ? [fallback(failure.unit, `${failure.message}; runs without an accelerator`)]
      : [];
  });
  const roomless = actions.flatMap((action) =>
    action.do === "StartAttempt" && action.withoutGpuBecause
      ? [fallback(action.unit.name, action.withoutGpuBecause)]
      : [],
  );
  return [...failed, ...roomless];
}
