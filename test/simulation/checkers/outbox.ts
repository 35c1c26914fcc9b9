import type { WebhookEvent } from "../../../crds/media-job.ts";
import type { MediaJobStatus, PendingDelivery, Phase } from "../../../crds/media-job-status.ts";
import { MEDIA_JOBS, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import type { Checker } from "./checker.ts";

/** Which event tells of which phase; none of Pending and Planning. */
const EVENTS: Partial<Record<Phase, WebhookEvent>> = {
  Queued: "job.queued",
  Running: "job.started",
  Suspended: "job.suspended",
  Succeeded: "job.completed",
  PartiallySucceeded: "job.completed_with_warnings",
  Failed: "job.failed",
  Cancelled: "job.cancelled",
  RecoveryRequired: "job.recovery_required",
};

/**
 * Every phase transition puts exactly one event into the outbox of each endpoint that wants it, numbered one by one,
 * in the very write that tells of the transition; an event leaves it from the front, counted as delivered or as a dead
 * letter. And receivers get them in that order, repeats aside, and none after they have said that they are gone. Dead
 * letters come back only when somebody asks for them, all that are listed, and then they may come after what is newer.
 */
export const outbox: Checker = (world, fail) => {
  const received = new Map<string, number>();
  const replayed = new Set<string>();
  const goneEndpoints = new Set<string>();

  world.on("written", ({ plural, type, object, before }) => {
    if (plural !== MEDIA_JOBS.plural || type !== "MODIFIED") return;
    const [job, earlier] = [object as StoredMediaJob, before as StoredMediaJob];
    if (job.spec.webhookReplayGeneration > earlier.spec.webhookReplayGeneration)
      for (const endpoint of goneEndpoints)
        if (endpoint.startsWith(job.metadata.uid)) goneEndpoints.delete(endpoint);
    if (!job.status || job.status === earlier.status) return;
    check(job, earlier.status ?? {}, job.status);
  });

  function check({ metadata, spec }: StoredMediaJob, from: MediaJobStatus, to: MediaJobStatus) {
    const bad = (what: string) =>
      fail("every phase transition is told exactly once, in order", `${metadata.name}: ${what}`);
    const event = eventOf(from.phase, to);
    const transition = `${from.phase} to ${to.phase}`;
    const last = from.eventSequence ?? 0;
    const asked = (to.webhookReplayGeneration ?? 0) > (from.webhookReplayGeneration ?? 0);
    if ((to.eventSequence ?? 0) - last < (event ? 1 : 0))
      bad(`from ${transition} eventSequence went from ${from.eventSequence} to ${to.eventSequence}`);
    for (const { name, events } of spec.webhooks) {
      const wanted = event !== undefined && (!events || events.includes(event));
      const after = to.webhooks?.find((webhook) => webhook.name === name);
      const before = from.webhooks?.find((webhook) => webhook.name === name);
      if (!after) {
        bad(`the endpoint ${name} has no outbox`);
        continue;
      }
      const sequences = after.pending.map(({ sequence }) => sequence);
      if (sequences.some((sequence, index) => index > 0 && sequence <= (sequences[index - 1] ?? 0)))
        bad(`the outbox of ${name} is out of order: ${text(after.pending)}`);
      const told = after.pending.filter(isTransition);
      const added = told.filter(({ sequence }) => sequence > last);
      const kept = told.filter(({ sequence }) => sequence <= last);
      if (text(added) !== text(added.filter(({ type, phase }) => type === event && phase === to.phase)))
        bad(`from ${transition} ${name} got ${text(added)}`);
      if (added.length !== (wanted ? 1 : 0))
        bad(`from ${transition} ${name} got ${text(added)}, not ${wanted ? event : "nothing"}`);
      const again = asked ? (before?.undelivered ?? []) : [];
      for (const { id } of again) replayed.add(`${id} ${name}`);
      const toldBefore = [...again, ...(before?.pending ?? [])]
        .toSorted((a, b) => a.sequence - b.sequence)
        .filter(isTransition);
      const gone = toldBefore.length - kept.length;
      const stays = ({ id }: PendingDelivery) => kept.some((event) => event.id === id);
      // What is on its way may be concluded after older ones were put before it.
      const fresh = toldBefore.filter(({ id }) => !replayed.has(`${id} ${name}`));
      const fromTheFront = asked || fresh.slice(fresh.findIndex(stays)).every(stays) || !fresh.some(stays);
      if (gone < 0 || !fromTheFront || text(kept) !== text(toldBefore.filter(stays)))
        bad(`${name} had ${text(toldBefore)} and has ${text(after.pending)}`);
      const deadBefore = (before?.deadLetters ?? 0) - again.length;
      const concluded = after.delivered + after.deadLetters - (before?.delivered ?? 0) - deadBefore;
      if (concluded < gone) bad(`${gone} events left the outbox of ${name}, ${concluded} were counted`);
      if (concluded > gone && [...again, ...(before?.pending ?? [])].every(isTransition))
        bad(`${gone} events left the outbox of ${name}, ${concluded} were counted`);
    }
  }

  world.on("received", ({ event, by, delivery }) => {
    const { sequence, correlationId, type } = JSON.parse(event.body) as {
      sequence: number;
      correlationId: string;
      type: string;
    };
    const endpoint = `${correlationId}/${event.url}/${by}`;
    if (goneEndpoints.has(endpoint))
      fail("nothing is sent to who is gone", `${event.url} received ${sequence} ${type} after its 410`);
    if (delivery.outcome === "gone") goneEndpoints.add(endpoint);
    const last = received.get(endpoint) ?? 0;
    const isReplay = replayed.has(`${event.id} ${event.url.split("/").at(-1)}`);
    if (sequence < last && !isReplay)
      fail(
        "every phase transition is told exactly once, in order",
        `${event.url} received ${sequence} ${type} after ${last}`,
      );
    if (delivery.outcome === "delivered") received.set(endpoint, Math.max(last, sequence));
  });
};

/** Events of other kinds, of progress and of single units, are told beside these and may give way to newer ones. */
const isTransition = ({ type }: PendingDelivery): boolean =>
  type === "job.resumed" || Object.values<string>(EVENTS).includes(type);

const text = (pending: readonly PendingDelivery[]) =>
  JSON.stringify(pending.map(({ sequence, type }) => `${sequence} ${type}`));

/** Of what runs only to end, and of what rested and no word of the user lets go on, only the end is told. */
function eventOf(from: Phase | undefined, { phase: to, history }: MediaJobStatus): WebhookEvent | undefined {
  if (!to || from === to) return undefined;
  const reason = history?.at(-1)?.reason ?? "";
  if (to === "Running" && ["Stopping", "Finalizing"].includes(reason)) return undefined;
  const rested = from === "Suspended" || from === "RecoveryRequired";
  if (!rested || (to !== "Running" && to !== "Queued" && to !== "Planning")) return EVENTS[to];
  return ["Resumed", "Retried"].includes(reason) ? "job.resumed" : undefined;
}
