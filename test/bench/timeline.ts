import type { KubeClient } from "../../operator/kube/api/client.ts";
import type { KubeObject } from "../../operator/kube/api/kube-object.ts";
import type { Job, Resource, StoredMediaJob } from "../../operator/kube/api/resources.ts";

const AN_HOUR_MS = 3_600_000;

export interface TimelineOptions<T> {
  readonly namespace: string;
  readonly isDone?: (object: T) => boolean;
  readonly onAdded?: (object: T, at: number) => void;
}

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

  /** Whatever is created after this has resolved is seen. */
  static async watch<T extends KubeObject>(
    client: KubeClient,
    resource: Resource<T>,
    { namespace, isDone = () => false, onAdded = () => {} }: TimelineOptions<T>,
  ): Promise<Timeline<T>> {
    const timeline = new Timeline(isDone, onAdded);
    const { resourceVersion } = await client.list(resource, { namespace });
    void timeline.#follow(client, resource, { namespace, from: resourceVersion }).catch((error) => {
      timeline.#failure = error;
    });
    return timeline;
  }

  close(): void {
    this.#stop.abort();
  }

  get isBroken(): boolean {
    return this.#failure !== undefined;
  }

  /** @throws when the watch has broken: what it did not see is not known to be lost. */
  assertUnbroken(): void {
    if (this.#failure) throw this.#failure;
  }

  /** The API server ends the watch of whom it takes for slow; it goes on from the last event, and none is lost. */
  async #follow(
    client: KubeClient,
    resource: Resource<T>,
    { namespace, from }: { namespace: string; from: string },
  ): Promise<void> {
    let resourceVersion = from;
    while (!this.#stop.signal.aborted) {
      const events = await client.watch(resource, {
        namespace,
        resourceVersion,
        timeoutSeconds: AN_HOUR_MS / 1000,
        overdueMs: AN_HOUR_MS,
        silentMs: AN_HOUR_MS,
        signal: this.#stop.signal,
      });
      for await (const { type, object } of events) {
        const at = performance.now();
        resourceVersion = object.metadata.resourceVersion;
        if (type === "ADDED" || type === "MODIFIED") this.#see(object, at);
      }
    }
  }

  #see(object: T, at: number): void {
    const { name } = object.metadata;
    if (!this.addedAt.has(name)) {
      this.addedAt.set(name, at);
      this.#onAdded(object, at);
    }
    if (!this.doneAt.has(name) && this.#isDone(object)) this.doneAt.set(name, at);
  }
}

/** Of Jobs and MediaJobs alike. */
export const isComplete = ({ status }: Job | StoredMediaJob): boolean =>
  status?.conditions?.some(({ type, status }) => type === "Complete" && status === "True") ?? false;
