import type { KubeClient } from "./api/client.ts";
import { EVENTS, type Event } from "./api/resources.ts";
import { withoutManagedFields } from "./cache/store.ts";
import type { Clock } from "./clock.ts";

/** How long an answer counts; longer where it took long to come by, so that asking stays a small part of the work. */
const FRESH_MS = 5_000;
const FRESH_TIMES_ASKING = 10;

/** What a namespace was last asked for counts for nothing after this time. */
const FORGET_MS = 60_000;

export interface Warning {
  readonly reason: string;
  readonly message: string;
}

/**
 * What the cluster's Events say of objects that do not come along. Asked for, never watched: there are many. And asked
 * for by namespace: the API server keeps no index of Events, so to find those of one object it reads them all.
 */
export class Warnings {
  readonly #client: Pick<KubeClient, "list">;
  readonly #clock: Clock;
  readonly #known = new Map<string, Answer>();
  /** The question that is under way, by namespace. */
  readonly #asking = new Map<string, Promise<void>>();
  readonly #onError: (error: unknown, namespace: string) => void;

  constructor(
    client: Pick<KubeClient, "list">,
    clock: Clock,
    { onError = () => undefined }: { onError?(error: unknown, namespace: string): void } = {},
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** The latest warning of an object, as far as it was asked for. */
  of(namespace: string, uid: string): Warning | undefined {
    return this.#known.get(namespace)?.warnings.get(uid);
  }

  /**
   * Asks, unless the last answer is fresh. Never rejects: the answer only explains, and where there is none, the last one
   * counts for as long as a fresh one would.
   */
  async ask(namespace: string): Promise<void> {
    const known = this.#known.get(namespace);
    if (known && this.#clock.now() < known.freshUntilMs) return;
    let answer = this.#asking.get(namespace);
    if (!answer) {
      answer = this.#askNow(namespace)
        .catch((error) => this.#goWithout(namespace, error))
        .finally(() => this.#asking.delete(namespace));
      this.#asking.set(namespace, answer);
    }
    await answer;
  }

  #goWithout(namespace: string, error: unknown): void {
    const warnings = this.#known.get(namespace)?.warnings ?? new Map();
    this.#known.set(namespace, { freshUntilMs: this.#clock.now() + FRESH_MS, warnings });
    this.#onError(error, namespace);
  }

  async #askNow(namespace: string): Promise<void> {
    const askedAtMs = this.#clock.now();
    const { items } = await this.#client.list(EVENTS, {
      namespace,
      fieldSelector: "type=Warning",
      transform: withoutManagedFields,
    });
    const nowMs = this.#clock.now();
    const freshMs = Math.max(FRESH_MS, (nowMs - askedAtMs) * FRESH_TIMES_ASKING);
    for (const [name, { freshUntilMs }] of this.#known)
      if (freshUntilMs + FORGET_MS < nowMs) this.#known.delete(name);
    this.#known.set(namespace, { freshUntilMs: nowMs + freshMs, warnings: latestOf(items) });
  }
}

interface Answer {
  readonly freshUntilMs: number;
  /** By the uid of the object that each is about. */
  readonly warnings: ReadonlyMap<string, Warning>;
}

function latestOf(events: readonly Event[]): Map<string, Warning> {
  const inOrder = events.toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)));
  return new Map(
    inOrder.map(({ involvedObject, reason = "", message = "" }) => [
      involvedObject.uid ?? "",
      { reason, message },
    ]),
  );
}

const timeOf = ({ lastTimestamp, eventTime }: Event): string => lastTimestamp ?? eventTime ?? "";
