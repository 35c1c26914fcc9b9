import type { Logger } from "pino";
import type { MediaJob } from "../../crds/media-job.ts";
import type { PendingDelivery } from "../../crds/media-job-status.ts";
import type { DeliveryOutcome } from "../core/reconcile/decision.ts";
import type { Delivery, Signed } from "./deliver.ts";
import { eventBody } from "./event.ts";

/** After the n-th failed try of an event (from 1), how long to wait; the last number says when to give up. */
const RETRY_DELAYS_MS = [1, 2, 4, 8, 16, 32, 64, 128, 256].map((seconds) => seconds * 1000);

/** A server that asks for more patience than this is asked again by then. */
const MAX_RETRY_AFTER_MS = 600_000;

/**
 * Delivers the events that wait in the MediaJobs' outboxes: for each endpoint one at a time and in order,
 * all endpoints at once. It remembers nothing that matters: what is delivered is told to the reconciler,
 * which takes it out of the outbox; after a restart the first pending event is simply sent again, with the
 * same id.
 */
export class Dispatcher {
  readonly #busy = new Map<string, { settled: boolean }>();
  readonly #outcomes = new Map<string, DeliveryOutcome[]>();
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Starts what can be started for a MediaJob as it is now in the cluster. Cheap when there is nothing. */
  dispatch(key: string, job: MediaJob): void {
    for (const { name, pending } of job.status?.webhooks ?? []) {
      const [event] = pending;
      const endpoint = job.spec.webhooks.find((webhook) => webhook.name === name);
      if (!event || !endpoint) continue;
      const id = `${key}/${name}/${event.id}`;
      if (this.#busy.has(id)) continue;
      this.#busy.set(id, { settled: false });
      void this.#deliver(key, job, endpoint, event).then((concluded) => {
        if (concluded) this.#busy.set(id, { settled: true });
        else this.#busy.delete(id); // for the next term, which may be ours
      });
    }
  }

  /** How the deliveries of a MediaJob ended, as far as its status does not tell yet. */
  outcomes(key: string): readonly DeliveryOutcome[] {
    return this.#outcomes.get(key) ?? [];
  }

  /** Forgets what the status tells by now. */
  acknowledge(key: string, written: MediaJob): void {
    const pendingIds = new Set(
      (written.status?.webhooks ?? []).flatMap(({ name, pending }) =>
        pending.map(({ id }) => `${name}/${id}`),
      ),
    );
    const open = this.outcomes(key).filter(({ webhook, id }) => pendingIds.has(`${webhook}/${id}`));
    if (open.length) this.#outcomes.set(key, open);
    else this.#outcomes.delete(key);
    for (const [id, { settled }] of this.#busy) {
      if (settled && id.startsWith(`${key}/`) && !pendingIds.has(id.slice(key.length + 1)))
        this.#busy.delete(id);
    }
  }

  /** Drops a MediaJob that is gone. */
  forget(key: string): void {
    this.#outcomes.delete(key);
    for (const id of this.#busy.keys()) if (id.startsWith(`${key}/`)) this.#busy.delete(id);
  }

  async #deliver(
    key: string,
    job: MediaJob,
    endpoint: MediaJob["spec"]["webhooks"][number],
    event: PendingDelivery,
  ): Promise<boolean> {
    const { secretOf, send, sleep, now, log, onOutcome } = this.#options;
    const fields = { namespace: job.metadata.namespace, mediajob: job.metadata.name, webhook: endpoint.name };
    const body = eventBody(job, event);
    const conclude = (outcome: DeliveryOutcome) => {
      this.#outcomes.set(key, [...this.outcomes(key), outcome]);
      onOutcome(key, outcome);
      return true;
    };

    for (let tries = 1; ; tries++) {
      // Read anew for each try: a secret may be made or rotated while an event waits.
      const secret = await secretOf(job.metadata.namespace ?? "", endpoint.secretRef).catch(
        (error: Error) => error,
      );
      const delivery: Delivery =
        secret instanceof Error
          ? { outcome: "retry", error: secret.message }
          : await send({ id: event.id, secret, url: endpoint.url, body }, now());
      if (delivery.outcome === "delivered") {
        log.info({ ...fields, event: event.type, tries, status: delivery.status }, "webhook delivered");
        return conclude({ webhook: endpoint.name, id: event.id, delivered: true });
      }
      const delayMs = RETRY_DELAYS_MS[tries - 1];
      log.warn({ ...fields, event: event.type, tries, error: delivery.error }, "webhook not delivered");
      if (delivery.outcome !== "retry" || delayMs === undefined) {
        const error = `${event.type} given up after ${tries} tries: ${delivery.error}`;
        return conclude({ webhook: endpoint.name, id: event.id, delivered: false, error });
      }
      const alive = await sleep(Math.min(MAX_RETRY_AFTER_MS, Math.max(delayMs, delivery.retryAfterMs ?? 0)));
      if (!alive) return false;
    }
  }
}

export interface DispatcherOptions {
  secretOf(namespace: string, ref: { name: string; key: string }): Promise<string>;
  send(event: Signed, now: Date): Promise<Delivery>;
  /** Resolves to false when the operator is stopping: what waits is sent by the next one. */
  sleep(ms: number): Promise<boolean>;
  now(): Date;
  log: Logger;
  /** Called when an event was delivered or given up: the MediaJob has something to write down. */
  onOutcome(key: string, outcome: DeliveryOutcome): void;
}
