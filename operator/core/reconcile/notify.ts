import type { MediaJob, WebhookEvent } from "../../../crds/media-job.ts";
import type {
  MediaJobStatus,
  PendingDelivery,
  Phase,
  WebhookStatus,
} from "../../../crds/media-job-status.ts";
import type { Announcement, Observation } from "./decision.ts";
import type { FoldedUnit } from "./fold-units.ts";

/** The event that tells of reaching a phase; a phase without one is told to nobody. */
const EVENT_OF_PHASE: Partial<Record<Phase, WebhookEvent>> = {
  Queued: "job.queued",
  Running: "job.started",
  Suspended: "job.suspended",
  RecoveryRequired: "job.recovery_required",
  Succeeded: "job.completed",
  PartiallySucceeded: "job.completed_with_warnings",
  Failed: "job.failed",
  Cancelled: "job.cancelled",
};

/** Events that one endpoint may have waiting; the oldest give way and count as dead letters. */
const MAX_PENDING = 50;

/**
 * Brings the outbox up to date: takes out what was delivered or given up, and adds the event of a phase
 * transition. Because the outbox is a part of the status, the transition and its event are written in one
 * update, and neither is ever there without the other.
 */
export function notify(
  job: MediaJob,
  status: MediaJobStatus,
  { deliveries, nowMs }: Observation,
): MediaJobStatus {
  const event = eventOf(job.status?.phase, status.phase);
  if (!job.spec.webhooks.length && !status.webhooks?.length && !event) return status;

  const sequence = (status.eventSequence ?? 0) + (event ? 1 : 0);
  const webhooks = job.spec.webhooks.map(({ name, events }): WebhookStatus => {
    const before = job.status?.webhooks?.find((webhook) => webhook.name === name);
    const outcome = deliveries.find(({ webhook, id }) => webhook === name && id === before?.pending[0]?.id);
    const wanted = event && (!events || events.includes(event));
    const pending: PendingDelivery[] = [...(before?.pending ?? []).slice(outcome ? 1 : 0)];
    if (wanted && status.phase) {
      pending.push({
        id: `msg_${(job.metadata.uid ?? "").replaceAll("-", "")}_${sequence}`,
        type: event,
        sequence,
        time: new Date(nowMs).toISOString(),
        phase: status.phase,
        message: (readyMessage(status) ?? "").slice(0, 1024),
      });
    }
    const dropped = Math.max(0, pending.length - MAX_PENDING);
    const lastError = outcome && !outcome.delivered ? outcome.error : outcome ? undefined : before?.lastError;
    return {
      name,
      pending: pending.slice(dropped),
      delivered: (before?.delivered ?? 0) + (outcome?.delivered ? 1 : 0),
      deadLetters: (before?.deadLetters ?? 0) + (outcome && !outcome.delivered ? 1 : 0) + dropped,
      ...(lastError && { lastError: lastError.slice(0, 1024) }),
    };
  });
  const { webhooks: _, ...rest } = status;
  return { ...rest, eventSequence: sequence, ...(webhooks.length && { webhooks }) };
}

function eventOf(from: Phase | undefined, to: Phase | undefined): WebhookEvent | undefined {
  if (!to || from === to) return undefined;
  if ((from === "Suspended" || from === "RecoveryRequired") && (to === "Running" || to === "Queued"))
    return "job.resumed";
  return EVENT_OF_PHASE[to];
}

const readyMessage = (status: MediaJobStatus): string | undefined =>
  status.conditions?.find(({ type }) => type === "Ready")?.message;

/** Kubernetes Events of this pass: the phase transition, and each unit that failed for good. */
export function announcementsOf(
  job: MediaJob,
  status: MediaJobStatus,
  units: readonly FoldedUnit[],
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
