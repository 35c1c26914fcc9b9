/**
 * The objects of one kind as last seen, by name and by index. Owns the order of things: whichever way a version
 * arrives - list, watch, the answer to a write of ours - it never replaces a newer one and never brings back what
 * was deleted. Talks to nobody; never changes an object, and neither may a reader.
 */
import { isNewer, type KubeObject, keyOf, type ObjectKey, type ObjectRef } from "../api/kube-object.ts";

export type Change<T> = {
  readonly object: T;
  /** It came as the answer to a write of ours, so whoever wrote knows it already. */
  readonly own: boolean;
} & (
  | { readonly type: "added" }
  | { readonly type: "updated"; readonly previous: T }
  /** `object` is as last seen, not as it was when it was deleted. */
  | { readonly type: "deleted" }
);

/** Told of each change, at once. It enqueues keys and does nothing else: no work, no waiting. */
export type ChangeHandler<T> = (change: Change<T>) => void;

/** For each index, the values under which an object is found; none is fine. */
export type Indices<T, IndexName extends string> = Readonly<
  Record<IndexName, (object: T) => readonly string[]>
>;

export interface StoreOptions<T, IndexName extends string> {
  readonly indices?: Indices<T, IndexName>;
  /** Applied before an object is kept: strips what nobody reads, in place if it likes. */
  readonly transform?: (object: T) => T;
  /** A handler threw. The others are told all the same. */
  readonly onHandlerError: (error: unknown) => void;
}

/** Its end is certain: no version of this UID can be newer. */
const FOREVER = "forever";

/**
 * Deletions that are remembered, the oldest forgotten first. What they hold off is late news: an answer to a write
 * within its 30 s, a list within its minutes. At 100 bytes each it is 1.6 MB.
 */
const MAX_GRAVES = 16_384;

export class Store<T extends KubeObject, IndexName extends string = never> {
  readonly transform: (object: T) => T;
  readonly #objects = new Map<ObjectKey, T>();
  /** UID to the version it was deleted at. */
  readonly #graves = new Map<string, string>();
  readonly #indices: ReadonlyMap<IndexName, Index<T>>;
  readonly #handlers: ChangeHandler<T>[] = [];
  readonly #onHandlerError: (error: unknown) => void;

  constructor({ indices, transform, onHandlerError }: StoreOptions<T, IndexName>) {
    this.transform = transform ?? withoutManagedFields;
    this.#onHandlerError = onHandlerError;
    this.#indices = new Map(
      Object.entries<(object: T) => readonly string[]>(indices ?? {}).map(([name, valuesOf]) => [
        name as IndexName,
        { valuesOf, keys: new Map() },
      ]),
    );
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Null when it does not exist, as far as is known here. */
  get(ref: ObjectRef): T | null {
    return this.#objects.get(keyOf(ref)) ?? null;
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  byIndex(indexName: IndexName, value: string): T[] {
    const found: T[] = [];
    for (const key of this.#indices.get(indexName)?.keys.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object) found.push(object);
    }
    return found;
  }

  onChange(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler);
  }

  /**
   * Puts the answer to a write of ours, so that the next decision is not taken from what was cached before it. To be
   * called with every such answer, of objects that this store would hold.
   */
  observe(object: T): void {
    this.#accept(this.transform(object), true);
  }

  /** Takes out an object that the API server has just told us is gone, see `KubeClient.delete`. */
  observeGone(object: T): void {
    this.#bury(object.metadata.uid, FOREVER);
    this.#removeLife(object, true);
  }

  /** A watch's ADDED and MODIFIED. Their difference is left unread: after a reconnect, either may be either. */
  put(object: T): void {
    this.#accept(this.transform(object), false);
  }

  /**
   * A watch's DELETED. The object is gone, or no longer selected: then it may come back, under the same UID, by a
   * newer version.
   */
  remove(object: T): void {
    const { uid, resourceVersion } = object.metadata;
    const cached = this.get(object.metadata);
    if (cached?.metadata.uid === uid && isNewer(cached.metadata.resourceVersion, resourceVersion)) return;
    this.#bury(uid, resourceVersion);
    this.#removeLife(object, false);
  }

  /**
   * A complete list, of objects that `transform` has seen, read at `resourceVersion`. What it lacks is gone, except
   * what is cached at a newer version: that was written after the list was read.
   */
  replace(objects: readonly T[], resourceVersion: string): void {
    const listed = new Set(objects.map(({ metadata }) => metadata.uid));
    for (const cached of this.list()) {
      const { uid, resourceVersion: cachedVersion } = cached.metadata;
      if (listed.has(uid) || isNewer(cachedVersion, resourceVersion)) continue;
      this.#bury(uid, resourceVersion);
      this.#removeLife(cached, false);
    }
    for (const object of objects) this.#accept(object, false);
  }

  /** Forgets everything, graves too: the versions known here mean nothing any more. Handlers see deletions. */
  clear(): void {
    for (const cached of this.list()) this.#removeLife(cached, false);
    this.#graves.clear();
  }

  #accept(object: T, own: boolean): void {
    const { uid, resourceVersion } = object.metadata;
    const grave = this.#graves.get(uid);
    if (grave !== undefined && (grave === FOREVER || !isNewer(resourceVersion, grave))) return;
    const previous = this.get(object.metadata);
    if (previous && !isNewer(resourceVersion, previous.metadata.resourceVersion)) return;
    if (previous?.metadata.uid === uid) {
      this.#set(object, previous);
      this.#tell({ type: "updated", object, previous, own });
      return;
    }
    if (previous) {
      // Another life under the same name: the former has ended, though its deletion was missed.
      this.#bury(previous.metadata.uid, FOREVER);
      this.#removeLife(previous, false);
    }
    this.#set(object, null);
    this.#tell({ type: "added", object, own });
  }

  /** Takes out the cached object only if it is the same life. */
  #removeLife({ metadata }: T, own: boolean): void {
    const cached = this.get(metadata);
    if (cached?.metadata.uid !== metadata.uid) return;
    this.#objects.delete(keyOf(metadata));
    for (const index of this.#indices.values()) unindex(index, cached);
    this.#tell({ type: "deleted", object: cached, own });
  }

  #set(object: T, previous: T | null): void {
    const key = keyOf(object.metadata);
    this.#objects.set(key, object);
    for (const index of this.#indices.values()) {
      if (previous) unindex(index, previous);
      for (const value of index.valuesOf(object)) {
        const keys = index.keys.get(value);
        if (keys) keys.add(key);
        else index.keys.set(value, new Set([key]));
      }
    }
  }

  #bury(uid: string, resourceVersion: string): void {
    if (this.#graves.get(uid) === FOREVER) return;
    this.#graves.delete(uid); // to the end of the order
    this.#graves.set(uid, resourceVersion);
    if (this.#graves.size <= MAX_GRAVES) return;
    const [oldest] = this.#graves.keys();
    if (oldest !== undefined) this.#graves.delete(oldest);
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        this.#onHandlerError(error);
      }
    }
  }
}

/** Who set which field: half of an object's bytes, and nothing the operator decides by. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  delete object.metadata.managedFields;
  return object;
}

interface Index<T> {
  readonly valuesOf: (object: T) => readonly string[];
  readonly keys: Map<string, Set<ObjectKey>>;
}

function unindex<T extends KubeObject>({ valuesOf, keys }: Index<T>, object: T): void {
  const key = keyOf(object.metadata);
  for (const value of valuesOf(object)) {
    const found = keys.get(value);
    found?.delete(key);
    if (found?.size === 0) keys.delete(value);
  }
}
