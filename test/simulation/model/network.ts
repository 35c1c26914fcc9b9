/**
 * The way from one operator process to the API server and back: what takes how long, what gets lost, and what the
 * operator is told then. Stands where the operator's KubeClient does, and fails as that would.
 */
import { ApiError } from "../../../operator/kube/api/api-error.ts";
import type {
  DeleteOptions,
  KubeClient,
  List,
  ListOptions,
  PatchOptions,
  WatchOptions,
} from "../../../operator/kube/api/client.ts";
import type { Draft, KubeObject, ObjectMeta, ObjectRef } from "../../../operator/kube/api/kube-object.ts";
import type { Resource } from "../../../operator/kube/api/resources.ts";
import type { CallOptions } from "../../../operator/kube/api/transport.ts";
import type { WatchEvent } from "../../../operator/kube/api/watch-events.ts";
import type { FaultName } from "../faults.ts";
import { refusal } from "./server.ts";
import { matches, WatchStream } from "./watch-stream.ts";
import { asSent, copied, type NetworkOptions } from "./wire.ts";

/** What KubeClient does when it is given no other limit. */
const TIMEOUT_MS = 30_000;

interface Asked {
  verb: string;
  resource: Resource;
  name: string;
  writes: boolean;
  versioned?: boolean;
  /** What is to be created. */
  object?: Draft<KubeObject>;
}

export class Network
  implements
    Pick<
      KubeClient,
      "get" | "list" | "create" | "mergePatch" | "replaceStatus" | "apply" | "delete" | "watch"
    >
{
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  async get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T | null> {
    const asked = { verb: "get", resource, name: ref.name, writes: false };
    return await this.#send(asked, options, () => copied(this.#options.server.get(resource, ref) ?? null));
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions<T> = {}): Promise<List<T>> {
    const { server } = this.#options;
    const asked = { verb: "list", resource, name: "", writes: false };
    const { transform = (object: T) => object } = options;
    return await this.#send(asked, options, () => ({
      items: server
        .list(resource)
        .filter((object) => matches(object, options))
        .map((object) => transform(copied(object))),
      resourceVersion: String(server.revision),
    }));
  }

  create<T extends KubeObject>(
    resource: Resource<T>,
    object: Draft<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const name = object.metadata.name ?? "";
    return this.#send({ verb: "create", resource, name, writes: true, object }, options, () =>
      copied(this.#options.server.create<T>(resource, object, this.#options.endpoint.name)),
    );
  }

  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    { subresource, ...options }: PatchOptions = {},
  ): Promise<T> {
    const versioned =
      (patch as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion !== undefined;
    const by = this.#options.endpoint.name;
    const sent = asSent(patch);
    return this.#send({ verb: "patch", resource, name: ref.name, writes: true, versioned }, options, () =>
      copied(this.#options.server.patch<T>(resource, ref, { patch: sent, subresource, by })),
    );
  }

  replaceStatus<T extends KubeObject & { status?: unknown }>(
    resource: Resource<T>,
    version: Pick<ObjectMeta, "name" | "namespace" | "uid" | "resourceVersion">,
    status: NonNullable<T["status"]>,
    options: CallOptions = {},
  ): Promise<T> {
    const { server, endpoint } = this.#options;
    const asked = { verb: "update", resource, name: version.name, writes: true, versioned: true };
    const sent: unknown = asSent(status);
    return this.#send(asked, options, () =>
      copied(server.replaceStatus<T>(resource, version, { status: sent, by: endpoint.name })),
    );
  }

  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Draft<T> & { readonly metadata: { readonly name: string } },
    { subresource, ...options }: PatchOptions = {},
  ): Promise<T> {
    const { server, endpoint } = this.#options;
    const { name } = object.metadata;
    const patch = asSent<object>(object);
    return this.#send({ verb: "apply", resource, name, writes: true }, options, () =>
      copied(
        server.get(resource, object.metadata)
          ? server.patch<T>(resource, object.metadata, { patch, subresource, by: endpoint.name })
          : server.create<T>(resource, patch, endpoint.name),
      ),
    );
  }

  async delete<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    { signal, timeoutMs, ...deletion }: DeleteOptions = {},
  ): Promise<T | null> {
    const { server, endpoint } = this.#options;
    const limits = { ...(signal && { signal }), ...(timeoutMs && { timeoutMs }) };
    return await this.#send({ verb: "delete", resource, name: ref.name, writes: true }, limits, () => {
      if (!server.get(resource, ref)) return null;
      return copied(server.delete(resource, ref, { ...deletion, by: endpoint.name }));
    });
  }

  async watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): Promise<AsyncGenerator<WatchEvent<T>, void, undefined>> {
    const { server } = this.#options;
    const asked = { verb: "watch", resource, name: "", writes: false };
    const limits = { ...(options.signal && { signal: options.signal }) };
    return await this.#send(asked, limits, () => {
      if (Number(options.resourceVersion) < server.compacted)
        throw refusal(410, "Expired", `too old resource version: ${options.resourceVersion}`);
      return new WatchStream<T>(resource, options, this.#options).events();
    });
  }

  /** One request: it arrives, takes effect and is answered, or any of these goes wrong. */
  #send<T>(asked: Asked, { signal, timeoutMs = TIMEOUT_MS }: CallOptions, effect: () => T): Promise<T> {
    const { time, random, endpoint } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let over = false;
    const settle = (end: () => void, delayMs: number) =>
      time.after(delayMs, () =>
        endpoint.deliver(() => {
          if (over) return;
          over = true;
          signal?.removeEventListener("abort", aborted);
          end();
        }),
      );
    const aborted = () => {
      if (over) return;
      over = true;
      reject(signal?.reason);
    };
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    signal?.addEventListener("abort", aborted);
    this.#options.onSent({ ...requested(asked), by: endpoint.name, object: asked.object ?? null });

    const plan = this.#plan(asked);
    const there = plan === "slow" ? random.skewed(10, 8000) : random.skewed(0.2, 3);
    const back = plan === "slow" ? random.skewed(10, 8000) : random.skewed(0.2, 3);
    const said = (outcome: string) =>
      this.#options.onRequest({ ...requested(asked), by: endpoint.name, outcome });
    const unanswered = (reason: "RequestTimeout" | "ConnectionFailed", why: string) =>
      ApiError.unanswered({ method: asked.verb, what: asked.resource.plural }, reason, why);

    // An answer that comes after the time limit is no answer; and what arrives after it never takes effect: the
    // API server sees that the client has gone.
    if (there + back > timeoutMs || plan === "timeoutBefore" || plan === "timeoutAfter")
      settle(
        () => reject(unanswered("RequestTimeout", `no complete answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
    if (plan === "timeoutBefore" || there > timeoutMs) {
      said("lost");
      return promise;
    }
    time.after(there, () => {
      if (plan === "refusedBefore" || plan === "falseConflict" || plan === "rejected") {
        said(plan);
        return void settle(() => reject(this.#refused(plan)), back);
      }
      if (plan === "crashBeforeWrite") {
        said(plan);
        return endpoint.die(`before its ${asked.verb} of ${asked.resource.plural} ${asked.name} arrived`);
      }
      const answer = attempted(effect);
      said(`${plan}${"error" in answer ? `, ${(answer.error as Error).message}` : ""}`);
      if (plan === "timeoutAfter") return;
      if (plan === "crashAfterWrite")
        return endpoint.die(`after its ${asked.verb} of ${asked.resource.plural} ${asked.name}`);
      if (plan === "resetAfter")
        return void settle(() => reject(unanswered("ConnectionFailed", "connection reset")), back);
      if (plan === "refusedAfter")
        return void settle(
          () => reject(refusal(random.pick([500, 504]), "InternalError", "etcdserver: request timed out")),
          back,
        );
      settle(() => ("error" in answer ? reject(answer.error) : resolve(answer.value)), back);
    });
    return promise;
  }

  /** The one fault that strikes this request, or none. */
  #plan({ verb, resource, writes, versioned }: Asked) {
    const { strikes, isOut, isFull, random } = this.#options;
    if (isOut(resource.plural)) return "timeoutBefore" as const;
    if (verb === "create" && isFull(resource.plural)) return "rejected" as const;
    const possible: FaultName[] = [
      "refusedBefore",
      "timeoutBefore",
      "slow",
      "resetAfter",
      "timeoutAfter",
      ...(writes ? (["refusedAfter", "crashBeforeWrite", "crashAfterWrite"] as const) : []),
      ...(versioned ? (["falseConflict"] as const) : []),
    ];
    return possible.find((fault) => strikes(fault, random)) ?? ("ok" as const);
  }

  #refused(plan: "refusedBefore" | "falseConflict" | "rejected"): ApiError {
    const { random } = this.#options;
    if (plan === "falseConflict") return refusal(409, "Conflict", "the object has been modified");
    if (plan === "rejected") return refusal(403, "Forbidden", QUOTA_EXCEEDED);
    const code = random.pick([429, 500, 503] as const);
    const reason = { 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable" }[code];
    return refusal(code, reason, "says the model", code === 429 ? random.pick([null, 1000]) : null);
  }
}

/** As the API server says it of a quota that others have used up. */
const QUOTA_EXCEEDED =
  "exceeded quota: jobs, requested: count/jobs.batch=1, used: count/jobs.batch=9, limited: count/jobs.batch=9";

const requested = ({ verb, resource, name, writes }: Asked) => ({
  verb,
  plural: resource.plural,
  name,
  writes,
});

function attempted<T>(effect: () => T): { value: T } | { error: unknown } {
  try {
    return { value: effect() };
  } catch (error) {
    return { error };
  }
}
