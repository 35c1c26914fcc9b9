/**
 * One watch of one operator process. Each has its own delays, so that caches of different kinds are of different
 * ages; within one, events come in order.
 */
import { ApiError } from "../../../operator/kube/api/api-error.ts";
import type { Selection, WatchOptions } from "../../../operator/kube/api/client.ts";
import type { KubeObject } from "../../../operator/kube/api/kube-object.ts";
import type { Resource } from "../../../operator/kube/api/resources.ts";
import type { WatchEvent } from "../../../operator/kube/api/watch-events.ts";
import { refusal, type Written } from "./server.ts";
import { copied, type NetworkOptions } from "./wire.ts";

/** As kube-apiserver, about. */
const BOOKMARK_MS = 60_000;

type Ending = "Dropped" | "Ended" | "Silent" | "Expired" | "Aborted";

export class WatchStream<T extends KubeObject> {
  readonly #resource: Resource<T>;
  readonly #options: WatchOptions;
  readonly #network: NetworkOptions;
  readonly #arrived: WatchEvent<T>[] = [];
  /** Place in the history of the next event to send. */
  #next: number;
  /** When the last event that is on its way arrives: no later one may overtake it. */
  #lastArrivalMs: number;
  readonly #unsubscribe: () => void;
  #silent = false;
  #ending: Ending | null = null;
  #arrival: PromiseWithResolvers<void> | null = null;

  constructor(resource: Resource<T>, options: WatchOptions, network: NetworkOptions) {
    this.#resource = resource;
    this.#options = options;
    this.#network = network;
    const { server, time } = network;
    this.#lastArrivalMs = time.nowMs;
    const from = Number(options.resourceVersion);
    this.#next = server.history(resource.plural).findIndex(({ revision }) => revision > from);
    if (this.#next < 0) this.#next = server.history(resource.plural).length;
    options.signal?.addEventListener("abort", () => this.#end("Aborted"));
    this.#unsubscribe = server.onWrite((written) => {
      if (!network.endpoint.alive) this.#unsubscribe();
      else if (written.plural === resource.plural) this.#send();
    });
    time.after(options.timeoutSeconds * 1000, () => this.#end("Ended"));
    this.#send();
    this.#bookmark();
    this.#listenForSilence();
  }

  async *events(): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { endpoint, onHeard } = this.#network;
    for (;;) {
      for (let event = this.#arrived.shift(); event; event = this.#arrived.shift()) {
        onHeard({ by: endpoint.name, plural: this.#resource.plural, event });
        yield event;
      }
      if (this.#ending) return this.#throwEnding(this.#ending);
      this.#arrival = Promise.withResolvers<void>();
      await this.#arrival.promise;
    }
  }

  /** Puts all that was written since on its way. */
  #send() {
    const { server, random, strikes } = this.#network;
    const history = server.history(this.#resource.plural);
    while (this.#next < history.length && !this.#ending && !this.#silent) {
      const written = history[this.#next++] as Written;
      const event = this.#seen(written);
      if (!event) continue;
      const ending = (["watchDrop", "watchEnd", "watchExpired"] as const).find((f) => strikes(f, random));
      if (ending)
        return this.#arrive(() =>
          this.#ended(
            ({ watchDrop: "Dropped", watchEnd: "Ended", watchExpired: "Expired" } as const)[ending],
          ),
        );
      if (strikes("watchSilent", random)) {
        this.#silent = true;
        return;
      }
      this.#arrive(() => this.#arrived.push(event));
    }
  }

  /** An object that no longer matches the selector has been deleted, as far as this watch can tell. */
  #seen({ type, object, before }: Written): WatchEvent<T> | null {
    const [now, then] = [matches(object, this.#options), before !== null && matches(before, this.#options)];
    if (!now && !then) return null;
    return { type: now ? type : "DELETED", object: copied(object) as T };
  }

  #bookmark(): void {
    const { server, time, endpoint } = this.#network;
    time.after(BOOKMARK_MS, () => {
      if (this.#ending || !endpoint.alive) return;
      const object = { metadata: { resourceVersion: String(server.revision) } } as KubeObject;
      if (!this.#silent) this.#arrive(() => this.#arrived.push({ type: "BOOKMARK", object }));
      this.#bookmark();
    });
  }

  #arrive(arrival: () => void): void {
    const { time, random, strikes, endpoint } = this.#network;
    const delayMs = strikes("watchLag", random) ? random.skewed(50, 20_000) : random.skewed(0.3, 10);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, time.nowMs + delayMs);
    time.at(this.#lastArrivalMs, () =>
      endpoint.deliver(() => {
        if (this.#ending) return;
        arrival();
        this.#wake();
      }),
    );
  }

  #listenForSilence(): void {
    const { time, endpoint } = this.#network;
    const check = () => {
      if (this.#ending || !endpoint.alive) return;
      if (time.nowMs - this.#lastArrivalMs >= this.#options.silentMs) this.#end("Silent");
      else time.after(Math.max(1, this.#lastArrivalMs + this.#options.silentMs - time.nowMs), check);
    };
    time.after(this.#options.silentMs, check);
  }

  #end(ending: Ending): void {
    if (!this.#ending) this.#network.endpoint.deliver(() => this.#ended(ending));
  }

  /** At once, where it arrives in its turn: what comes after it must not be taken for what comes next. */
  #ended(ending: Ending): void {
    this.#ending ??= ending;
    this.#unsubscribe();
    this.#wake();
  }

  #wake(): void {
    this.#arrival?.resolve();
    this.#arrival = null;
  }

  #throwEnding(ending: Ending): void {
    const asked = { method: "WATCH", what: this.#resource.plural };
    if (ending === "Aborted") throw this.#options.signal?.reason;
    if (ending === "Dropped") throw ApiError.unanswered(asked, "ConnectionFailed", "connection reset");
    if (ending === "Silent") throw ApiError.unanswered(asked, "WatchSilent", "nothing came");
    if (ending === "Expired") throw refusal(410, "Expired", "too old resource version");
  }
}

/** Of selectors, those for labels by `=`; of fields the operator selects by none. */
export function matches(object: KubeObject, { namespace, labelSelector }: Selection): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  return (labelSelector ?? "")
    .split(",")
    .filter(Boolean)
    .every((term) => {
      const [name = "", value] = term.split("=");
      return object.metadata.labels?.[name] === value;
    });
}
