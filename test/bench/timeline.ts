import type { KubeClient } from "../../operator/kube/client.ts";
import type { KubeObject } from "../../operator/kube/kube-object.ts";
import type { Resource } from "../../operator/kube/resources.ts";
import { NAMESPACE } from "./scale-cluster.ts";

const AN_HOUR_MS = 3_600_000;

/**
 * What one watcher sees: of each object, by name, when its first event came and when first it was `done`. All times
 * of a contender are of this one clock, so no clock of a server and no truncation to seconds comes in.
 */
export class Timeline<T extends KubeObject> {
  readonly addedAt = new Map<string, number>();
  readonly doneAt = new Map<string, number>();
  readonly #isDone: (object: T) => boolean;
  readonly #onAdded: (object: T, at: number) => void;
  readonly #stop = new AbortController();
  #failure: unknown;

  private constructor(isDone: (object: T) => boolean, onAdded: (object: T, at: number) => void) {
    this.#isDone = isDone;
    this.#onAdded = onAdded;
  }

  /** Resolves when the API server has accepted the watch: whatever comes after is seen. */
  static async watch<T extends KubeObject>(
    client: KubeClient,
    resource: Resource<T>,
    {
      isDone = () => false,
      onAdded = () => {},
    }: { isDone?: (object: T) => boolean; onAdded?: (object: T, at: number) => void },
  ): Promise<Timeline<T>> {
    const timeline = new Timeline(isDone, onAdded);
    const { resourceVersion } = await client.list(resource, { namespace: NAMESPACE });
    const events = await client.watch(resource, {
      namespace: NAMESPACE,
      resourceVersion,
      timeoutSeconds: AN_HOUR_MS / 1000,
      overdueMs: AN_HOUR_MS,
      silentMs: AN_HOUR_MS,
      signal: timeline.#stop.signal,
    });
    void timeline.#follow(events).catch((error) => {
      timeline.#failure = error;
    });
    return timeline;
  }

  close(): void {
    this.#stop.abort();
  }

  /** @throws when the watch has broken: what it did not see is not known to be lost. */
  assertUnbroken(): void {
    if (this.#failure) throw this.#failure;
  }

  async #follow(events: AsyncIterable<{ type: string; object: KubeObject }>): Promise<void> {
    for await (const { type, object } of events) {
      if (type !== "ADDED" && type !== "MODIFIED") continue;
      const at = performance.now();
      const { name } = object.metadata;
      if (!this.addedAt.has(name)) {
        this.addedAt.set(name, at);
        this.#onAdded(object as T, at);
      }
      if (!this.doneAt.has(name) && this.#isDone(object as T)) this.doneAt.set(name, at);
    }
    if (!this.#stop.signal.aborted) throw new Error("the watch ended before the benchmark did");
  }
}
