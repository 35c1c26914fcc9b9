import { keyOf, type ObjectKey, type ObjectRef } from "../api/kube-object.ts";
import type { StoredMediaJob } from "../api/resources.ts";
import type { Store } from "./store.ts";

/** Called on each change of a MediaJob; with null when it was deleted. */
export type JobListener = (job: StoredMediaJob | null) => void;

/** Tells of changes of single MediaJobs, from the cache: any number may listen, at no cost to the API server. */
export class JobFeed {
  readonly #store: Pick<Store<StoredMediaJob, "uid">, "get" | "onChange">;
  readonly #listeners = new Map<ObjectKey, Set<JobListener>>();

  constructor(store: Pick<Store<StoredMediaJob, "uid">, "get" | "onChange">) {
    this.#store = store;
    store.onChange(({ type, object }) => {
      for (const listen of this.#listeners.get(keyOf(object.metadata)) ?? [])
        listen(type === "deleted" ? null : object);
    });
  }

  get(ref: ObjectRef): StoredMediaJob | null {
    return this.#store.get(ref);
  }

  /** Returns the function that ends it. */
  listen(ref: ObjectRef, listener: JobListener): () => void {
    const key = keyOf(ref);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }
}
