import type { MediaJob } from "../../../crds/media-job.ts";
import type { FailedAttempt, MediaJobStatus, PendingDelivery } from "../../../crds/media-job-status.ts";
import { counted } from "../counted.ts";
import { readyMessage } from "./conditions.ts";
import type { Announcement, Observation } from "./decision.ts";
import { endpointsOf, wantsDetails } from "./endpoints.ts";
import { detailsOf, type Happening, inOrder, tells, transitionOf } from "./events.ts";
import { type FoldedUnit, reusedBy } from "./fold-units.ts";
import { outboxOf } from "./outbox.ts";
import type { Starts } from "./start-attempts.ts";

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
 * Kubernetes Events of this pass: the phase transition, the units that failed for good, outputs that were not made
 * again, and units that do without the accelerator they would rather have. Of several units with one reason a single
 * Event tells, by the first of them: a thousand sources that are gone are one piece of news, and the status and the
 * report name each.
 */
export function announcementsOf(
  job: MediaJob,
  status: MediaJobStatus,
  { units, actions }: Pick<Starts, "units" | "actions">,
  newFailures: readonly FailedAttempt[],
): Announcement[] {
  const failed = units.flatMap(({ unit, state, fresh }) =>
    fresh && state.state === "Ended" && state.failure
      ? [warning(state.failure.reason, unit.name, state.failure.message)]
      : [],
  );
  const announcements = oneForEach([...failed, ...fallbacksOf(units, actions, newFailures)]);
  announcements.push(...reusesOf(units));
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

const warning = (reason: Announcement["reason"], unit: string, message: string): Announcement => ({
  type: "Warning",
  reason,
  message: `unit ${unit}: ${message}`,
});

/** One announcement for each reason. */
const oneForEach = (announcements: readonly Announcement[]): Announcement[] =>
  [...Map.groupBy(announcements, ({ reason }) => reason).values()].flatMap(([first, ...more]) =>
    first
      ? [
          more.length
            ? { ...first, message: `${first.message} (and ${counted(more.length, "unit")} more)` }
            : first,
        ]
      : [],
  );

/** One line for all units of a pass: a MediaJob that finds everything made has as many as it has units. */
function reusesOf(units: readonly FoldedUnit[]): Announcement[] {
  const reusing = units.filter((folded) => folded.fresh && reusedBy(folded) > 0);
  if (!reusing.length) return [];
  const outputs = reusing.reduce((sum, folded) => sum + reusedBy(folded), 0);
  const [first] = reusing;
  const who = reusing.length === 1 ? `unit ${first?.unit.name}` : `${reusing.length} units`;
  const message = `${who}: ${outputs} outputs stand as another MediaJob made them, from the same sources, spec and engine; not made again`;
  return [{ type: "Normal", reason: "OutputsReused", message }];
}

function fallbacksOf(
  units: readonly FoldedUnit[],
  actions: Starts["actions"],
  newFailures: readonly FailedAttempt[],
): Announcement[] {
  const fallback = (unit: string, why: string) => warning("RunsWithoutGpu", unit, why);
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
