import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { ObjectMeta } from "./kube-object.ts";
import { EVENTS } from "./resources.ts";

/** How long an answer counts: an object in trouble gets a new warning every few minutes at most. */
const FRESH_MS = 15_000;

/** Objects whose answer is remembered, the oldest forgotten first. */
const MAX_REMEMBERED = 2_000;

/** What the cluster's Events say of an object that does not come along. Asked for, never watched: there are many. */
export class Warnings {
  readonly #client: Pick<KubeClient, "list">;
  readonly #clock: Clock;
  readonly #known = new Map<
    string,
    { at: number; warning: { reason: string; message: string } | undefined }
  >();

  constructor(client: Pick<KubeClient, "list">, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The latest warning, as far as it was asked for. */
  of(uid: string): { reason: string; message: string } | undefined {
    return this.#known.get(uid)?.warning;
  }

  /** Asks, unless the last answer is fresh. */
  async ask({ uid, namespace }: ObjectMeta): Promise<void> {
    const known = this.#known.get(uid);
    if (known && this.#clock.now() - known.at < FRESH_MS) return;
    const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
    const { items } = await this.#client.list(EVENTS, { namespace, fieldSelector });
    const last = items.toSorted((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1);
    const warning = last && { reason: last.reason ?? "Warning", message: last.message ?? "" };
    this.#known.delete(uid);
    this.#known.set(uid, { at: this.#clock.now(), warning });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }
}

const timeOf = ({ lastTimestamp, eventTime }: { lastTimestamp?: string; eventTime?: string }): string =>
  lastTimestamp ?? eventTime ?? "";
