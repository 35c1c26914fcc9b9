/**
 * Keeps a store in step with the API server, for as long as it runs: lists, then watches from there, through every
 * fault of network and server. Owns when to list, when to resume and how long to wait; never looks into an object
 * beyond its metadata, and never does the work that a change calls for (its handlers enqueue keys).
 *
 * client-node's own informer does not retry after a watch is refused, tells of a delete and create as of an update,
 * and has neither pages, bookmarks nor timeouts.
 */
import { ApiError } from "../api/api-error.ts";
import { type Backoff, retryDelayMs } from "../api/backoff.ts";
import type { KubeClient, Selection } from "../api/client.ts";
import { isNewer, type KubeObject } from "../api/kube-object.ts";
import type { Resource } from "../api/resources.ts";
import type { UnreadField } from "../api/unread-fields.ts";
import { type Clock, sleep } from "../clock.ts";
import { type Indices, Store } from "./store.ts";

export interface InformerOptions<T extends KubeObject, IndexName extends string> extends Selection {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly resource: Resource<T>;
  readonly indices?: Indices<T, IndexName>;
  /** Default: strips managedFields. Applied before an object is kept; may change it in place. */
  readonly transform?: (object: T) => T;
  /** Fields that are not parsed when an event brings them, see `textWithout`; `transform` strips them from lists. */
  readonly unread?: readonly UnreadField[];
  readonly clock: Clock;
  readonly random: () => number;
  /** A list or watch failed, to be tried again after `retryInMs`; or, with 0, a handler threw. */
  readonly onError: (error: unknown, retryInMs: number) => void;
  /** Objects per page. Default 500. */
  readonly pageSize?: number;
  /** A watch that says nothing for so long is given up and resumed. Default: two and a half bookmarks, 150 s. */
  readonly silentMs?: number;
}

/** As client-go: from 0.5 s, so that an API server that comes back is not met by everyone at once, to 30 s. */
const BACKOFF: Backoff = { baseMs: 500, capMs: 30_000 };

/**
 * kube-apiserver sends bookmarks about once a minute. It need not, and then a quiet watch is opened anew every 150 s:
 * one small request, as it resumes from its version.
 */
const SILENT_MS = 150_000;

/** How long past its own timeout a server may take to end a watch. */
const OVERDUE_MARGIN_MS = 30_000;

/** A watch that ends sooner, and brought nothing, has failed, however politely it ended. */
const STEADY_WATCH_MS = 1000;

export class Informer<T extends KubeObject, IndexName extends string = never> {
  readonly store: Store<T, IndexName>;
  readonly #options: InformerOptions<T, IndexName>;
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;
  #lastContactAt: number;
  /** The newest version that list or watch has shown. */
  #version: string | null = null;
  /** Whether the watch can go on from `#version`, or a list must come first. */
  #mustList = true;
  /** Who waits for a list that begins from now on, and what ends the watch or the wait that is in its way. */
  #refresh = Promise.withResolvers<void>();
  #interrupt = new AbortController();
  #failures = 0;

  constructor(options: InformerOptions<T, IndexName>) {
    this.#options = options;
    const { indices, transform, onError, clock } = options;
    this.#lastContactAt = clock.now();
    this.store = new Store<T, IndexName>({
      ...(indices && { indices }),
      ...(transform && { transform }),
      onHandlerError: (error) => onError(error, 0),
    });
  }

  /** Whether a whole list has been read once. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves when a whole list has been read once. */
  whenSynced(): Promise<void> {
    return this.#synced.promise;
  }

  /**
   * Reads everything anew; resolves when that has been done, by a list that began after this call. A watch may be
   * minutes behind and not know it: who takes over from another must see all that the other has written.
   */
  refresh(): Promise<void> {
    this.#mustList = true;
    this.#interrupt.abort(new Error("everything is to be read anew"));
    return this.#refresh.promise;
  }

  /** Time since the API server last said anything, at first since our start; about a minute on a quiet watch. */
  lastSyncAgeMs(): number {
    return this.#options.clock.now() - this.#lastContactAt;
  }

  /** Runs until the signal aborts. Throws nothing: whatever fails is told to `onError` and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, onError } = this.#options;
    while (!signal.aborted) {
      const turn = AbortSignal.any([signal, this.#interrupt.signal]);
      try {
        if (this.#mustList) await this.#list(turn);
        await this.#watch(turn);
      } catch (error) {
        if (signal.aborted) return;
        if (turn.aborted) {
          this.#interrupt = new AbortController();
          continue;
        }
        this.#failures += 1;
        if (invalidatesVersion(error)) this.#mustList = true;
        const delayMs = retryDelayMs({ ...BACKOFF, failures: this.#failures, error, random });
        onError(error, delayMs);
        await sleep(clock, delayMs, turn);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, pageSize } = this.#options;
    const { transform } = this.store;
    const { items, resourceVersion } = await client.list(resource, {
      ...this.#selection(),
      ...(pageSize && { pageSize }),
      transform,
      signal,
    });
    signal.throwIfAborted(); // it began before `refresh` was called
    // Lists are read from the newest version, which cannot fall: etcd has been restored from a backup.
    if (this.#version !== null && isNewer(this.#version, resourceVersion)) this.store.clear();
    this.store.replace(items, resourceVersion);
    this.#version = resourceVersion;
    this.#mustList = false;
    this.#heard();
    this.#hasSynced = true;
    this.#synced.resolve();
    this.#refresh.resolve();
    this.#refresh = Promise.withResolvers<void>();
  }

  /** Returns when the server ends the watch in good order, as it does at its timeout. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { client, resource, clock, random, silentMs = SILENT_MS, unread = [] } = this.#options;
    // Random, lest all watches of all operators that began together end together.
    const timeoutSeconds = 300 + Math.floor(random() * 301);
    const events = await client.watch(resource, {
      ...this.#selection(),
      resourceVersion: this.#version ?? "",
      timeoutSeconds,
      overdueMs: timeoutSeconds * 1000 + OVERDUE_MARGIN_MS,
      silentMs,
      unread,
      signal,
    });
    this.#heard();
    const openedAt = clock.now();
    let count = 0;
    try {
      for await (const { type, object } of events) {
        if (type === "DELETED") this.store.remove(object);
        else if (type !== "BOOKMARK") this.store.put(object);
        this.#version = object.metadata.resourceVersion;
        this.#heard();
        this.#failures = 0;
        count += 1;
      }
    } finally {
      if (clock.now() - openedAt >= STEADY_WATCH_MS) this.#failures = 0;
    }
    if (count === 0 && clock.now() - openedAt < STEADY_WATCH_MS) {
      throw new Error(`WATCH ${resource.plural}: the server ended the watch as soon as it had begun`);
    }
  }

  #heard(): void {
    this.#lastContactAt = this.#options.clock.now();
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector };
  }
}

/**
 * Whether a list must come before the next watch. So it is after 410, the version has been compacted away, and 504,
 * the version is from a future that a restored etcd never had; and after any refusal that is neither overload, outage
 * nor a matter of rights, since the version may be what is refused. A lost connection says nothing about it.
 */
function invalidatesVersion(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.code === 0) return false;
  return ![401, 403, 429, 500, 502, 503].includes(error.code);
}
