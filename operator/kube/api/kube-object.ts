/**
 * What every Kubernetes object has, as it travels in JSON. Owns the shape and the naming of objects; knows no kind
 * in particular and talks to nobody.
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Metadata of an object that the API server has stored. */
export interface ObjectMeta {
  name: string;
  /** Unset for what lives outside namespaces. */
  namespace?: string;
  /** Names one life of an object: delete and create again under the same name, and it is another. */
  uid: string;
  /** See `isNewer` for how two compare. */
  resourceVersion: string;
  generation?: number;
  creationTimestamp?: string;
  /** Set while the object waits for its finalizers or its grace period. */
  deletionTimestamp?: string;
  labels?: { [key: string]: string };
  annotations?: { [key: string]: string };
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: unknown;
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/**
 * A type of @kubernetes/client-node as it is in JSON. That package turns timestamps into `Date`; we parse JSON and
 * nothing more, so for us they are strings.
 */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Field in keyof T]: Wire<T[Field]> }
      : T;

/** A kind as the API server gives it back: its fields and complete metadata. */
export type Stored<T> = Wire<T> & KubeObject;

/** A kind as it is sent: metadata may be as little as a name; `apiVersion` and `kind` are filled in. */
export type Draft<T extends KubeObject> = Omit<T, "apiVersion" | "kind" | "metadata"> & {
  readonly metadata: Partial<ObjectMeta> & { readonly generateName?: string };
};

/** Where an object is. The metadata of any object is one, too. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** `namespace/name`, or `name` for what lives outside namespaces; neither part can hold a slash. */
export type ObjectKey = string;

export function keyOf({ namespace, name }: ObjectRef): ObjectKey {
  return namespace ? `${namespace}/${name}` : name;
}

export function refOf(key: ObjectKey): ObjectRef {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * Whether resource version `a` was written after `b`. A resource version is etcd's revision, one counter for the
 * whole store, in decimal without leading zeros; Kubernetes promises since 1.35 (KEP-5504) that versions of one
 * resource compare as such integers, and every release before did as much. All versions of one resource come
 * from one etcd, even where `--etcd-servers-overrides` moves that resource to another, so the order is total.
 * A longer numeral is the larger one and numerals of one length sort as text, which spares a BigInt per event.
 */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
