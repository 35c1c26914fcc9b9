/**
 * Plain JSON to and from the API server: one method per verb. Owns what each asks for; how it gets there is the
 * transport's. Never retries, caches or decides: a failed call is an ApiError, and the work queue's or the informer's
 * business.
 *
 * @kubernetes/client-node's typed calls stay unused: they walk each object by its schema, both ways, and make a new
 * connection pool for every request. Measured against a real API server: creating a Job takes 0.3 ms of CPU here
 * and 2.8 ms there.
 */
import type { ApiAccess } from "./access.ts";
import { ApiError, isExpired, nullWhenNotFound } from "./api-error.ts";
import { askedBy, type Call } from "./call.ts";
import { deadline } from "./deadline.ts";
import type { Draft, KubeObject, ObjectMeta, ObjectRef } from "./kube-object.ts";
import type { Resource } from "./resources.ts";
import { type CallOptions, Transport, type TransportOptions, USER_AGENT } from "./transport.ts";
import { MANAGED_FIELDS, type UnreadField } from "./unread-fields.ts";
import { noticing, type WatchEvent, watchEvents } from "./watch-events.ts";

export interface Selection {
  /** All namespaces when unset. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions<T> extends Selection, CallOptions {
  /** Objects per page. Default 500, as in client-go. */
  readonly pageSize?: number;
  /** Applied to each object as its page arrives, so that what it strips is never held for the whole list. */
  readonly transform?: (object: T) => T;
}

export interface List<T> {
  readonly items: T[];
  /** The version of the store that all items, also those of later pages, were read at. */
  readonly resourceVersion: string;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  /** When the server is to end the watch. */
  readonly timeoutSeconds: number;
  /** When we end it, since the server has not. */
  readonly overdueMs: number;
  /** When we end it, since not a byte has come for so long. */
  readonly silentMs: number;
  /** Fields that events come without, see `textWithout`; managedFields are always among them. */
  readonly unread?: readonly UnreadField[];
  readonly signal?: AbortSignal;
}

export interface PatchOptions extends CallOptions {
  readonly subresource?: "status";
}

export interface DeleteOptions extends CallOptions {
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  /** The delete fails with Conflict when the object is not, or no longer, this one. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
}

/**
 * Of each write. What is written is typed here, so the API server need not look for fields it does not know: by default
 * it decodes each body a second time for that, to warn of what nobody reads.
 */
const WRITE = { fieldManager: USER_AGENT, fieldValidation: "Ignore" } as const;

export class KubeClient {
  readonly #transport: Transport;

  constructor(access: ApiAccess, options: TransportOptions = {}) {
    this.#transport = new Transport(access, options);
  }

  /** Null when there is no such object. */
  async get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T | null> {
    return await nullWhenNotFound(
      this.#transport.send<T>({ verb: "get", method: "GET", resource, ...ref }, options),
    );
  }

  /**
   * All objects, read page by page and all at one version, the newest: no `resourceVersion` is sent. With 0 the
   * server may answer from a cache of any age, so that an operator that has just restarted could see less than its
   * former self had written; and it would ignore the page size.
   *
   * When the snapshot expires between two pages (410: reading took longer than the five minutes until etcd compacts)
   * it starts over without pages, since a single answer cannot expire. The token that comes with the 410 goes on at a
   * newer version, and the list would mix two.
   */
  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions<T> = {}): Promise<List<T>> {
    try {
      return await this.#listPages(resource, options, options.pageSize ?? 500);
    } catch (error) {
      if (!isExpired(error)) throw error;
      return await this.#listPages(resource, options, undefined);
    }
  }

  /** `apiVersion` and `kind` are filled in. */
  create<T extends KubeObject>(
    resource: Resource<T>,
    object: Draft<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const { apiVersion, kind } = resource;
    return this.#transport.send<T>(
      {
        verb: "create",
        method: "POST",
        resource,
        namespace: object.metadata.namespace,
        query: WRITE,
        body: { apiVersion, kind, ...object },
      },
      options,
    );
  }

  /** RFC 7386. A `metadata.resourceVersion` in the patch makes it fail with Conflict if another write came first. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    { subresource, ...options }: PatchOptions = {},
  ): Promise<T> {
    return this.#transport.send<T>(
      {
        verb: "patch",
        method: "PATCH",
        resource,
        ...{ name: ref.name, namespace: ref.namespace, subresource },
        query: WRITE,
        contentType: "application/merge-patch+json",
        body: patch,
      },
      options,
    );
  }

  /**
   * Makes the status so. Fails with Conflict when the object is of another version than named. Costs the API server
   * less than a patch, for which it has to write out what there is, merge and read it again.
   */
  replaceStatus<T extends KubeObject & { status?: unknown }>(
    resource: Resource<T>,
    {
      name,
      namespace,
      uid,
      resourceVersion,
    }: Pick<ObjectMeta, "name" | "namespace" | "uid" | "resourceVersion">,
    status: NonNullable<T["status"]>,
    options: CallOptions = {},
  ): Promise<T> {
    const { apiVersion, kind } = resource;
    return this.#transport.send<T>(
      {
        verb: "update",
        method: "PUT",
        resource,
        ...{ name, namespace, subresource: "status" },
        query: WRITE,
        body: { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion }, status },
      },
      options,
    );
  }

  /** Server-side apply: creates it, or makes our fields so, by force, and leaves those of other managers alone. */
  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Draft<T> & { readonly metadata: { readonly name: string } },
    { subresource, ...options }: PatchOptions = {},
  ): Promise<T> {
    const { apiVersion, kind } = resource;
    const { name, namespace } = object.metadata;
    return this.#transport.send<T>(
      {
        verb: "apply",
        method: "PATCH",
        resource,
        ...{ name, namespace, subresource },
        query: { ...WRITE, force: "true" },
        contentType: "application/apply-patch+yaml", // JSON is YAML
        body: { apiVersion, kind, ...object },
      },
      options,
    );
  }

  /**
   * Null when the object is gone, also when it was before. The object itself while it waits for its finalizers or
   * its grace period.
   */
  async delete<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    { signal, timeoutMs, ...body }: DeleteOptions = {},
  ): Promise<T | null> {
    const options = { ...(signal && { signal }), ...(timeoutMs && { timeoutMs }) };
    const call: Call = {
      verb: "delete",
      method: "DELETE",
      resource,
      ...{ name: ref.name, namespace: ref.namespace },
      body: { apiVersion: "v1", kind: "DeleteOptions", ...body },
    };
    const answer = await nullWhenNotFound(this.#transport.send<T>(call, options));
    return answer?.kind === "Status" ? null : answer;
  }

  /**
   * The changes after `resourceVersion`, from the moment this resolves, when the server has accepted the watch. Ends
   * when the server ends it; throws an ApiError on an ERROR event, a lost connection, silence or lateness. Reads from
   * the connection only as fast as the events are taken.
   */
  async watch<T extends KubeObject>(
    resource: Resource<T>,
    { resourceVersion, timeoutSeconds, overdueMs, silentMs, signal, unread = [], ...selection }: WatchOptions,
  ): Promise<AsyncGenerator<WatchEvent<T>, void, undefined>> {
    const call: Call = {
      verb: "watch",
      method: "GET",
      resource,
      namespace: selection.namespace,
      query: {
        ...selectors(selection),
        watch: "true",
        allowWatchBookmarks: "true",
        timeoutSeconds: String(timeoutSeconds),
        resourceVersion,
      },
    };
    const asked = askedBy(call);
    const overdue = deadline(
      overdueMs,
      () =>
        ApiError.unanswered(asked, "WatchOverdue", `the server did not end the watch within ${overdueMs} ms`),
      signal,
    );
    const silent = deadline(
      silentMs,
      () => ApiError.unanswered(asked, "WatchSilent", `nothing came for ${silentMs} ms`),
      overdue.signal,
    );
    const clear = () => {
      silent.clear();
      overdue.clear();
    };
    try {
      const body = await this.#transport.stream(call, silent.signal);
      return watchEvents<T>({
        ...{ asked, signal: silent.signal, clear },
        chunks: noticing(body, silent.restart),
        unread: [MANAGED_FIELDS, ...unread],
      });
    } catch (error) {
      clear();
      throw error;
    }
  }

  /** Ends every request and watch in flight. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  async #listPages<T extends KubeObject>(
    resource: Resource<T>,
    { namespace, labelSelector, fieldSelector, transform = (object) => object, ...options }: ListOptions<T>,
    limit: number | undefined,
  ): Promise<List<T>> {
    const { apiVersion, kind } = resource;
    const items: T[] = [];
    let resourceVersion: string | undefined;
    let next: string | undefined;
    do {
      const page: ListPage<T> = await this.#transport.send<ListPage<T>>(
        {
          verb: "list",
          method: "GET",
          resource,
          namespace,
          query: { ...selectors({ labelSelector, fieldSelector }), limit: limit?.toString(), continue: next },
        },
        options,
      );
      // Items of built-in kinds come without the two fields; watch events have them.
      for (const item of page.items ?? []) items.push(transform(Object.assign(item, { apiVersion, kind })));
      resourceVersion ??= page.metadata.resourceVersion;
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    return { items, resourceVersion };
  }
}

interface ListPage<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: T[] | null;
}

function selectors({ labelSelector, fieldSelector }: Selection): Record<string, string | undefined> {
  return { labelSelector, fieldSelector };
}
