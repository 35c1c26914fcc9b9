import { hash } from "node:crypto";
import { DETAIL_EVENTS } from "../../../crds/media-job.ts";
import type {
  DeliveryTry,
  PendingDelivery,
  UndeliveredEvent,
  WebhookStatus,
} from "../../../crds/media-job-status.ts";
import type { DeliveryOutcome } from "./decision.ts";
import type { Endpoint } from "./endpoints.ts";

/** Events that one endpoint may have waiting; then the oldest become dead letters. */
const MAX_PENDING = 50;
/** Details that may wait among them: they give way before any transition does. */
const MAX_DETAILS = 20;
const MAX_UNDELIVERED = 10;
const MAX_TRIES = 5;
const MAX_ERROR = 256;

/**
 * The outbox of one endpoint after a pass. Every event that enters it is counted when it leaves: as delivered, as a
 * dead letter (the last of which are kept, to be sent again) or, if it was a mere detail, as dropped.
 *
 *     added ──> pending ──2xx──> delivered
 *                 │ ^
 *                 │ └── webhookReplayGeneration raised ──┐
 *                 └──── given up, or too many ──> undelivered (dead letter)
 *
 * An endpoint that answered 410 is disabled: what comes waits, until its URL changes or events are replayed.
 */
export function outboxOf({
  endpoint,
  before = { name: endpoint.name, pending: [], delivered: 0, deadLetters: 0 },
  outcomes,
  added,
  replay,
  nowMs,
}: {
  endpoint: Endpoint;
  before: WebhookStatus | undefined;
  /** Those of this endpoint. */
  outcomes: readonly DeliveryOutcome[];
  added: readonly PendingDelivery[];
  /** True in the pass that sees webhookReplayGeneration raised. */
  replay: boolean;
  nowMs: number;
}): WebhookStatus {
  const box = new Box(before);
  if (replay) box.replay(); // first: an event that is given up in this very pass waits for the next raise
  for (const outcome of outcomes) box.conclude(outcome);
  for (const event of added) box.add(event);
  box.bound();

  const urlSha256 = sha256(endpoint.url);
  const gone = outcomes.find(({ goneUrl }) => goneUrl === endpoint.url);
  const disabled = gone
    ? { time: new Date(nowMs).toISOString(), reason: "Gone", urlSha256 }
    : !replay && before.disabled?.urlSha256 === urlSha256 && before.disabled;
  const tries = lastTries(before.tries ?? [], outcomes);
  const lastError = errorAfter(before.lastError, outcomes);
  return {
    name: endpoint.name,
    pending: box.pending,
    delivered: box.delivered,
    deadLetters: box.deadLetters,
    ...(box.dropped && { dropped: box.dropped }),
    ...(box.undelivered.length && { undelivered: box.undelivered.slice(-MAX_UNDELIVERED) }),
    ...(tries.length && { tries }),
    ...(disabled && { disabled }),
    ...(lastError && { lastError }),
  };
}

const isDetail = ({ type }: { type: string }): boolean => (DETAIL_EVENTS as readonly string[]).includes(type);

const isProgress = ({ type }: { type: string }): boolean => type === "job.progress";

class Box {
  pending: PendingDelivery[];
  undelivered: UndeliveredEvent[];
  delivered: number;
  deadLetters: number;
  dropped: number;

  constructor({ pending, delivered, deadLetters, dropped = 0, undelivered = [] }: WebhookStatus) {
    this.pending = [...pending];
    this.undelivered = [...undelivered];
    this.delivered = delivered;
    this.deadLetters = deadLetters;
    this.dropped = dropped;
  }

  conclude({ id, delivered, error = "" }: DeliveryOutcome): void {
    const event = this.pending.find((candidate) => candidate.id === id);
    if (!event || delivered === undefined) return;
    this.pending = this.pending.filter((candidate) => candidate !== event);
    if (delivered) this.delivered++;
    else if (isProgress(event)) this.dropped++;
    else this.#bury(event, error);
  }

  /** Puts the listed dead letters back, where they belong by their number. */
  replay(): void {
    this.deadLetters -= this.undelivered.length;
    const again = this.undelivered.map(({ error: _, ...event }) => event);
    this.pending = [...again, ...this.pending].toSorted((a, b) => a.sequence - b.sequence);
    this.undelivered = [];
  }

  /** New progress takes the place of progress that waits; not of the first event, which may be on its way. */
  add(event: PendingDelivery): void {
    const stale = isProgress(event) ? this.pending.slice(1).find(isProgress) : undefined;
    if (stale) this.#drop(stale);
    this.pending.push(event);
  }

  bound(): void {
    const details = this.pending.filter(isDetail);
    for (const event of details.slice(0, Math.max(0, details.length - MAX_DETAILS))) this.#drop(event);
    for (const event of this.pending.filter(isDetail)) {
      if (this.pending.length > MAX_PENDING) this.#drop(event);
    }
    for (const event of this.pending.splice(0, Math.max(0, this.pending.length - MAX_PENDING))) {
      this.#bury(event, `more than ${MAX_PENDING} events waited`);
    }
  }

  #drop(event: PendingDelivery): void {
    this.pending = this.pending.filter((candidate) => candidate !== event);
    this.dropped++;
  }

  #bury(event: PendingDelivery, error: string): void {
    this.deadLetters++;
    this.undelivered.push({ ...event, error: error.slice(0, MAX_ERROR) });
  }
}

/** Tries are told again until they are written down, so each counts once. */
function lastTries(before: readonly DeliveryTry[], outcomes: readonly DeliveryOutcome[]): DeliveryTry[] {
  const all = [...before, ...outcomes.flatMap(({ tries = [] }) => tries)];
  return [...new Map(all.map((entry) => [`${entry.id}/${entry.time}`, entry])).values()]
    .map((entry) => (entry.error ? { ...entry, error: entry.error.slice(0, MAX_ERROR) } : entry))
    .slice(-MAX_TRIES);
}

function errorAfter(before: string | undefined, outcomes: readonly DeliveryOutcome[]): string | undefined {
  const last = outcomes.at(-1);
  if (!last) return before;
  const error = last.delivered ? undefined : (last.error ?? last.tries?.at(-1)?.error ?? before);
  return error?.slice(0, 1024);
}

const sha256 = (text: string): string => hash("sha256", text, "hex");
