/**
 * An API server in memory, as far as an operator can tell: one revision for every write, preconditions, the status
 * subresource, merge patches, finalizers, graceful deletion, and the history that watches read. Owns what is true.
 * Objects in it never change; a write puts another in their place.
 */
import { type MediaJobStatus, mediaJobStatus } from "../../../crds/media-job-status.ts";
import { ApiError } from "../../../operator/kube/api/api-error.ts";
import {
  type KubeObject,
  keyOf,
  type ObjectMeta,
  type ObjectRef,
} from "../../../operator/kube/api/kube-object.ts";
import type { Job, Pod, Resource, StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import { merged } from "./merge.ts";

/** One write that took effect. */
export interface Written {
  readonly revision: number;
  readonly plural: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  /** As it was before; null for a new one. */
  readonly before: KubeObject | null;
  /** Who wrote. */
  readonly by: string;
}

export interface Deletion {
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export const FOREGROUND = "foregroundDeletion";

/** What is kept nowhere: telling is enough. */
const FLEETING = new Set(["events"]);

export class ModelServer {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #history = new Map<string, Written[]>();
  #watchers: readonly ((written: Written) => void)[] = [];
  readonly #wallMs: () => number;
  #revision = 1000;
  #compacted = 0;
  #lives = 0;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Versions up to this one can no longer be watched from. */
  get compacted(): number {
    return this.#compacted;
  }

  compact(): void {
    this.#compacted = this.#revision;
  }

  /** Told of each write, at once and in order, until the function it gives back is called. */
  onWrite(watcher: (written: Written) => void): () => void {
    this.#watchers = [...this.#watchers, watcher];
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher);
    };
  }

  /** All writes to a kind since ever, the oldest first. */
  history(plural: string): readonly Written[] {
    return this.#history.get(plural) ?? [];
  }

  get<T extends KubeObject>({ plural }: Resource<T>, ref: ObjectRef): T | undefined {
    return this.#kind(plural).get(keyOf(ref)) as T | undefined;
  }

  list<T extends KubeObject>({ plural }: Resource<T>): T[] {
    return [...this.#kind(plural).values()] as T[];
  }

  create<T extends KubeObject>(resource: Resource<T>, draft: object, by: string): T {
    const { metadata, status, ...rest } = draft as Partial<T> & { status?: unknown };
    const { generateName, ...given } = (metadata ?? {}) as { name?: string; generateName?: string };
    const name = given.name ?? `${generateName}${(++this.#lives).toString(36)}`;
    const object = {
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      ...rest,
      metadata: {
        ...given,
        name,
        uid: `00000000-0000-4000-8000-${(++this.#lives).toString().padStart(12, "0")}`,
        resourceVersion: "",
        generation: 1,
        creationTimestamp: this.#now(),
      },
      // The API server drops the status of what has a status subresource; the model's own pods come with theirs.
      ...(resource.plural === "pods" && status !== undefined && { status }),
    } as unknown as T;
    if (this.get(resource, object.metadata))
      throw refusal(409, "AlreadyExists", `${resource.plural} "${name}" already exists`);
    return this.#write(resource.plural, "ADDED", object, by) as T;
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    { patch, subresource, by }: { patch: object; subresource?: string | undefined; by: string },
  ): T {
    const before = this.#found(resource, ref);
    const { metadata, ...fields } = patch as { metadata?: { resourceVersion?: string } };
    const { resourceVersion, ...meta } = metadata ?? {};
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      throw conflict(resource, ref);
    const { status, ...rest } = fields as { status?: unknown };
    const isStatus = subresource === "status";
    if (isStatus && status === undefined) return before;
    const change: object = isStatus ? { status } : { ...rest, metadata: meta };
    return this.change(resource, ref, by, (object) => merged(object, change) as T);
  }

  /** A status as a whole, of exactly this version. */
  replaceStatus<T extends KubeObject>(
    resource: Resource<T>,
    version: Pick<ObjectMeta, "name" | "namespace" | "uid" | "resourceVersion">,
    { status, by }: { status: unknown; by: string },
  ): T {
    const { uid, resourceVersion } = this.#found(resource, version).metadata;
    if (uid !== version.uid || resourceVersion !== version.resourceVersion) throw conflict(resource, version);
    return this.change(resource, version, by, (object) => ({ ...object, status }));
  }

  /** Writes what `change` makes of the object, if it is another. For the cluster's own parts, which never conflict. */
  change<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    by: string,
    change: (object: T) => T,
  ): T {
    const before = this.#found(resource, ref);
    const after = change(before);
    const changed = Object.keys({ ...before, ...after }).filter(
      (field) => !isEqual(before[field as keyof T], after[field as keyof T]),
    );
    if (changed.length === 0) return before;
    if (resource.plural === "mediajobs" && changed.includes("status"))
      admitStatus(after as unknown as StoredMediaJob, before as unknown as StoredMediaJob);
    const grown = changed.includes("spec") ? 1 : 0;
    const metadata = { ...after.metadata, generation: (before.metadata.generation ?? 1) + grown };
    const gone = metadata.deletionTimestamp && isReleased(resource.plural, { ...after, metadata });
    return this.#write(resource.plural, gone ? "DELETED" : "MODIFIED", { ...after, metadata }, by) as T;
  }

  /** The object while it waits for its finalizers or its grace period; null when it is gone at once. */
  delete<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    { propagationPolicy, preconditions, by }: Deletion & { by: string },
  ): T | null {
    const before = this.#found(resource, ref);
    const { uid, resourceVersion } = preconditions ?? {};
    if (uid !== undefined && uid !== before.metadata.uid)
      throw refusal(409, "Conflict", `the UID in the precondition (${uid}) is not that of ${ref.name}`);
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      throw refusal(409, "Conflict", `${ref.name} is no longer of version ${resourceVersion}`);
    const finalizers = new Set(before.metadata.finalizers);
    if (propagationPolicy === "Foreground") finalizers.add(FOREGROUND);
    const metadata = {
      ...before.metadata,
      deletionTimestamp: before.metadata.deletionTimestamp ?? this.#now(),
      ...(finalizers.size > 0 && { finalizers: [...finalizers] }),
    };
    const after = { ...before, metadata };
    if (isReleased(resource.plural, after)) {
      this.#write(resource.plural, "DELETED", after, by);
      return null;
    }
    if (JSON.stringify(metadata) === JSON.stringify(before.metadata)) return before;
    return this.#write(resource.plural, "MODIFIED", after, by) as T;
  }

  #found<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): T {
    const object = this.get(resource, ref);
    if (!object) throw refusal(404, "NotFound", `${resource.plural} "${ref.name}" not found`);
    return object;
  }

  #write(plural: string, type: Written["type"], object: KubeObject, by: string): KubeObject {
    const revision = ++this.#revision;
    const kind = this.#kind(plural);
    const key = keyOf(object.metadata);
    const before = kind.get(key) ?? null;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    if (FLEETING.has(plural)) return stored;
    if (type === "DELETED") kind.delete(key);
    else kind.set(key, stored);
    const written = { revision, plural, type, object: stored, before, by };
    const history = this.#history.get(plural);
    if (history) history.push(written);
    else this.#history.set(plural, [written]);
    for (const watcher of this.#watchers) watcher(written);
    return stored;
  }

  #kind(plural: string): Map<string, KubeObject> {
    const known = this.#objects.get(plural);
    if (known) return known;
    const kind = new Map<string, KubeObject>();
    this.#objects.set(plural, kind);
    return kind;
  }

  #now(): string {
    return new Date(this.#wallMs()).toISOString().replace(/\.\d+Z$/, "Z");
  }
}

/** What a change leaves alone is shared with what was before, so that it is mostly equal at the first look. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [first, second] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(first);
  if (keys.length !== Object.keys(second).length) return false;
  for (const key of keys) if (!isEqual(first[key], second[key])) return false;
  return true;
}

const conflict = ({ plural }: Resource, { name }: ObjectRef): ApiError =>
  refusal(
    409,
    "Conflict",
    `${plural} "${name}": the object has been modified; apply your changes to the latest version`,
  );

export const refusal = (code: number, reason: string, message: string, retryAfterMs: number | null = null) =>
  new ApiError(`${code} ${reason}: ${message}`, { code, reason, retryAfterMs });

/** Whether nothing holds a deleted object any more: no finalizer and, for a pod, no process. */
function isReleased(plural: string, object: KubeObject): boolean {
  if (object.metadata.finalizers?.length) return false;
  return plural !== "pods" || isTerminal(object as Pod);
}

export const isTerminal = ({ status }: Pod): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Failed";

export const hasCondition = (object: Job | Pod, type: string): boolean =>
  (object.status?.conditions ?? []).some((item) => item.type === type && item.status === "True");

/** The CRD's schema, as the API server holds every status to. Fields that stay as they were have been looked at then. */
function admitStatus({ status, metadata }: StoredMediaJob, { status: before = {} }: StoredMediaJob): void {
  if (status === undefined) return;
  const news: Record<string, unknown> = {};
  for (const field of Object.keys(status) as (keyof MediaJobStatus)[])
    if (!isEqual(status[field], before[field])) news[field] = status[field];
  const parsed = mediaJobStatus.safeParse(news);
  if (!parsed.success)
    throw refusal(422, "Invalid", `mediajobs "${metadata.name}" is invalid: ${parsed.error.message}`);
}
