import type { Logger } from "pino";
import type { MediaJob, Webhook } from "../../crds/media-job.ts";
import type { DeliveryTry, PendingDelivery } from "../../crds/media-job-status.ts";
import type { DeliveryOutcome } from "../core/reconcile/decision.ts";
import { type Endpoint, endpointsOf } from "../core/reconcile/endpoints.ts";
import type { Delivery, Signed } from "./deliver.ts";
import { eventBody } from "./event.ts";
import { type HostAnswer, HostGates, type HostLimits } from "./host-gate.ts";
import { MAX_RETRY_AFTER_MS, retryDelayMs, retryRuleOf } from "./retry-table.ts";

/**
 * Outcomes wait so long to be written down together, while more events of the lane follow; the longer the more lanes
 * there are, so that all of them together cost some fifty writes a second. What is not written when the operator dies
 * is sent again.
 */
const TELL_PERIOD_MS = 1_000;
const TELL_PERIOD_MS_A_LANE = 20;

/** Tries that are told of an event that is not concluded. */
const MAX_TOLD_TRIES = 5;

const DEFAULT_LIMITS: HostLimits = { concurrency: 16, ratePerSecond: 1000 };

/**
 * Delivers the events that wait in the MediaJobs' outboxes: for each MediaJob and endpoint one at a time and in
 * order, all of these lanes at once, each host behind a gate of its own. It remembers nothing that matters: what is
 * delivered is told to the reconciler, which takes it out of the outbox; after a restart the first pending events
 * are simply sent again, with the same ids.
 */
export class Dispatcher {
  readonly #lanes = new Map<string, Map<string, Lane>>();
  readonly #options: DispatcherOptions;
  readonly #gates: HostGates;
  #running = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { limits = () => DEFAULT_LIMITS, sleep } = options;
    this.#gates = new HostGates(limits, { nowMs: () => this.#elapsedMs(), sleep });
  }

  /** Hosts to which nothing is sent for a while, since they failed. */
  get openCircuits(): number {
    return this.#gates.open;
  }

  /** Starts what can be started for a MediaJob as it is now in the cluster. Cheap when there is nothing. */
  dispatch(key: string, job: MediaJob): void {
    const boxes = job.status?.webhooks ?? [];
    const lanes = this.#lanes.get(key);
    if (!lanes && boxes.every(({ pending }) => pending.length === 0)) return;
    const endpoints = endpointsOf(job, this.#options.endpoints?.());
    for (const [name, lane] of lanes ?? []) {
      if (!boxes.some((box) => box.name === name)) lane.empty();
    }
    for (const { name, pending, disabled } of boxes) {
      const endpoint = endpoints.find((candidate) => candidate.name === name);
      const lane = lanes?.get(name) ?? new Lane();
      if (endpoint && !disabled) lane.pending = pending;
      else lane.empty();
      if (!endpoint || !lane.next) continue;
      if (lane.running && lane.endpoint.url !== endpoint.url) lane.wake();
      [lane.job, lane.endpoint] = [job, endpoint];
      this.#lanes.set(key, (this.#lanes.get(key) ?? new Map<string, Lane>()).set(name, lane));
      if (!lane.running) void this.#run(key, lane);
    }
  }

  /** How the deliveries of a MediaJob went, as far as its status does not tell yet. */
  outcomes(key: string): readonly DeliveryOutcome[] {
    return [...(this.#lanes.get(key)?.values() ?? [])].flatMap(({ outcomes }) => [...outcomes.values()]);
  }

  /** Forgets what the status tells by now. */
  acknowledge(key: string, written: MediaJob): void {
    const lanes = this.#lanes.get(key);
    for (const [name, lane] of lanes ?? []) {
      const box = written.status?.webhooks?.find((webhook) => webhook.name === name);
      const pending = new Set(box?.pending.map(({ id }) => id));
      for (const id of lane.outcomes.keys()) if (!pending.has(id)) lane.outcomes.delete(id);
      if (!lane.running && lane.outcomes.size === 0) lanes?.delete(name);
    }
    if (lanes?.size === 0) this.#lanes.delete(key);
  }

  /** Drops a MediaJob that is gone. */
  forget(key: string): void {
    for (const lane of this.#lanes.get(key)?.values() ?? []) lane.empty();
    this.#lanes.delete(key);
  }

  /** Sends the events of one lane, one after the other, until none is left or this replica is to send no more. */
  async #run(key: string, lane: Lane): Promise<void> {
    const { onOutcome } = this.#options;
    let toldMs = this.#elapsedMs();
    lane.running = true;
    this.#running++;
    try {
      for (let event = lane.next; event && this.#leads(); event = lane.next) {
        const outcome = await this.#deliver(key, lane, event);
        if (!outcome) continue;
        lane.outcomes.set(event.id, outcome);
        const due = !outcome.delivered || !lane.next || this.#elapsedMs() - toldMs >= this.#tellPeriodMs();
        if (!due) continue;
        toldMs = this.#elapsedMs();
        onOutcome(key, outcome);
      }
    } finally {
      this.#running--;
      lane.running = false;
    }
  }

  #tellPeriodMs(): number {
    return Math.max(TELL_PERIOD_MS, this.#running * TELL_PERIOD_MS_A_LANE);
  }

  /** Tries until the event is delivered or given up; undefined when it is not to be sent any more, or not by us. */
  async #deliver(key: string, lane: Lane, event: PendingDelivery): Promise<DeliveryOutcome | undefined> {
    const { sleep, log, onOutcome, onDelivered, random = () => 0.5 } = this.#options;
    const startMs = this.#elapsedMs();
    const tried: DeliveryTry[] = [];

    while (this.#leads() && lane.isPending(event)) {
      const { endpoint, job } = lane;
      const woken = lane.woken();
      const base = { webhook: endpoint.name, id: event.id };
      const fields = {
        namespace: job.metadata.namespace,
        mediajob: job.metadata.name,
        webhook: endpoint.name,
      };
      const said = await this.#try(lane, event, woken);
      if (!said) continue;
      const { delivery, entry } = said;
      const tries = tried.push(entry);
      const told = { ...base, tries: tried.slice(-MAX_TOLD_TRIES) };
      if (delivery.outcome === "delivered") {
        log.info({ ...fields, event: event.type, tries, status: delivery.status }, "webhook delivered");
        onDelivered?.(event);
        return { ...told, delivered: true };
      }
      log.warn({ ...fields, event: event.type, tries, error: delivery.error }, "webhook not delivered");
      const delayMs = retryDelayMs(event.type, tries, random());
      const spentMs = this.#elapsedMs() - startMs;
      const over = delayMs === undefined || spentMs >= retryRuleOf(event.type).withinSeconds * 1000;
      if (delivery.outcome !== "retry" || over) {
        const error = `${event.type} given up after ${tries} tries: ${delivery.error}`;
        const gone = delivery.outcome === "gone" && { goneUrl: endpoint.url };
        return { ...told, delivered: false, error, ...gone };
      }
      lane.outcomes.set(event.id, { ...told, error: delivery.error });
      if (tries === 1) onOutcome(key, { ...told, error: delivery.error }); // later ones ride along with other news
      const asked = delivery.retryAfterMs ?? 0;
      const waitMs = Math.max(delayMs, Math.min(MAX_RETRY_AFTER_MS, asked));
      await Promise.race([sleep(waitMs), woken]);
    }
    return undefined;
  }

  /** One try, when its host's turn comes. Undefined when that came too late, or never. */
  async #try(
    lane: Lane,
    event: PendingDelivery,
    woken: Promise<true>,
  ): Promise<{ delivery: Delivery; entry: DeliveryTry } | undefined> {
    const { secretOf, send, now, onTry } = this.#options;
    const { url } = lane.endpoint;
    const attempt = async () => {
      const { endpoint, job } = lane; // as they are now: the turn may have come minutes later
      if (!this.#leads() || !lane.isPending(event) || endpoint.url !== url)
        return { answer: undefined, host: {} };
      const namespace = endpoint.shared ? undefined : (job.metadata.namespace ?? "");
      const [time, startMs] = [now(), this.#elapsedMs()];
      // Read anew for each try: a secret may be made or rotated while an event waits.
      const secret = await secretOf(namespace, endpoint.secretRef).catch((error: Error) => error);
      const delivery: Delivery =
        secret instanceof Error
          ? { outcome: "retry", error: secret.message, unsent: true }
          : await send({ id: event.id, secret, url, body: eventBody(job, event) }, now());
      const latencyMs = Math.max(0, Math.round(this.#elapsedMs() - startMs));
      onTry?.(delivery, latencyMs);
      return {
        answer: { delivery, entry: entryOf(event, delivery, time, latencyMs) },
        host: hostAnswer(delivery),
      };
    };
    return await this.#gates.through(url, attempt, woken);
  }

  #leads(): boolean {
    return this.#options.leads?.() ?? true;
  }

  #elapsedMs(): number {
    const { elapsedMs, now } = this.#options;
    return elapsedMs?.() ?? now().getTime();
  }
}

/** The events of one MediaJob for one endpoint, in order. */
class Lane {
  job!: MediaJob;
  endpoint!: Endpoint;
  pending: readonly PendingDelivery[] = [];
  /** By event; those of events that are no longer pending are forgotten. */
  readonly outcomes = new Map<string, DeliveryOutcome>();
  running = false;
  #waking = Promise.withResolvers<true>();

  /** Ends the wait for the host's turn or before the next try: it goes elsewhere now. */
  wake(): void {
    this.#waking.resolve(true);
    this.#waking = Promise.withResolvers<true>();
  }

  /** Nothing more is to be sent; what waits, for its host's turn or its next try, waits no longer. */
  empty(): void {
    this.pending = [];
    this.wake();
  }

  isPending({ id }: PendingDelivery): boolean {
    return this.pending.some((event) => event.id === id);
  }

  woken(): Promise<true> {
    return this.#waking.promise;
  }

  /** The first event that is not concluded; none once the endpoint is gone, though the status does not tell it yet. */
  get next(): PendingDelivery | undefined {
    const isGone = [...this.outcomes.values()].some(
      ({ goneUrl }) => goneUrl && goneUrl === this.endpoint.url,
    );
    if (isGone) return undefined;
    return this.pending.find(({ id }) => this.outcomes.get(id)?.delivered === undefined);
  }
}

const entryOf = (
  { id, type }: PendingDelivery,
  delivery: Delivery,
  time: Date,
  latencyMs: number,
): DeliveryTry => ({
  id,
  type,
  time: time.toISOString(),
  ...(delivery.status !== undefined && { code: delivery.status }),
  latencyMs,
  ...(delivery.outcome !== "delivered" && { error: delivery.error }),
});

/** A host that answers is alive, also when it refuses; 408 and 5xx say that it cannot work. */
function hostAnswer(delivery: Delivery): HostAnswer {
  if (delivery.outcome === "delivered") return { alive: true };
  if (delivery.unsent) return {};
  const { status, retryAfterMs } = delivery;
  const alive = delivery.outcome !== "retry" || (status !== undefined && status < 500 && status !== 408);
  return { alive, ...(retryAfterMs && { pauseMs: Math.min(MAX_RETRY_AFTER_MS, retryAfterMs) }) };
}

export interface DispatcherOptions {
  /** The value in a Secret of a namespace; of the operator's own when that is undefined. */
  secretOf(namespace: string | undefined, ref: { name: string; key: string }): Promise<string>;
  send(event: Signed, now: Date): Promise<Delivery>;
  /** Resolves to false when the operator is stopping: what waits is sent by the next one. */
  sleep(ms: number): Promise<boolean>;
  now(): Date;
  /** Milliseconds that only go forward; `now` when unset. */
  elapsedMs?(): number;
  /** 0 to 1; no jitter when unset. */
  random?(): number;
  /** Endpoints that the operator's configuration gives to every MediaJob. */
  endpoints?(): readonly Webhook[];
  limits?: () => HostLimits;
  /** Whether this replica is the one to send; it is asked before each try, and again when its turn has come. */
  leads?(): boolean;
  log: Logger;
  /** The MediaJob has something to write down: events delivered, given up, or failed for the first time. */
  onOutcome(key: string, outcome: DeliveryOutcome): void;
  onTry?(delivery: Delivery, latencyMs: number): void;
  onDelivered?(event: PendingDelivery): void;
}
