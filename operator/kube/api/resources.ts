/**
 * The kinds the operator reads and writes, and how each is addressed. A new kind is one line here. Never holds
 * behaviour.
 */
import type {
  CoreV1Event,
  V1ConfigMap,
  V1Job,
  V1Lease,
  V1Node,
  V1Pod,
  V1Secret,
  V1SubjectAccessReview,
  V1TokenReview,
} from "@kubernetes/client-node";
import { API_VERSION } from "../../../crds/group.ts";
import { MEDIA_JOB_NAMES, type MediaJob } from "../../../crds/media-job.ts";
import type { KubeObject, Stored } from "./kube-object.ts";

export interface Resource<T extends KubeObject = KubeObject> {
  /** `v1` for the core group, otherwise `group/version`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: it carries the type of the objects, so that a call by resource answers with the right one. */
  readonly object?: T;
}

export type StoredMediaJob = MediaJob & KubeObject;
export type ConfigMap = Stored<V1ConfigMap>;
export type Event = Stored<CoreV1Event>;
export type Job = Stored<V1Job>;
export type Lease = Stored<V1Lease>;
export type Node = Stored<V1Node>;
export type Pod = Stored<V1Pod>;
export type Secret = Stored<V1Secret>;
/** As a TokenReview. */
export type SubjectAccessReview = Stored<V1SubjectAccessReview>;
/** Answered but never stored: its metadata is empty. */
export type TokenReview = Stored<V1TokenReview>;

export const MEDIA_JOBS = resource<StoredMediaJob>(API_VERSION, MEDIA_JOB_NAMES.kind, MEDIA_JOB_NAMES.plural);
export const CONFIG_MAPS = resource<ConfigMap>("v1", "ConfigMap", "configmaps");
export const EVENTS = resource<Event>("v1", "Event", "events");
export const JOBS = resource<Job>("batch/v1", "Job", "jobs");
export const LEASES = resource<Lease>("coordination.k8s.io/v1", "Lease", "leases");
export const NODES = clusterResource<Node>("v1", "Node", "nodes");
export const PODS = resource<Pod>("v1", "Pod", "pods");
export const SECRETS = resource<Secret>("v1", "Secret", "secrets");
export const SUBJECT_ACCESS_REVIEWS = clusterResource<SubjectAccessReview>(
  "authorization.k8s.io/v1",
  "SubjectAccessReview",
  "subjectaccessreviews",
);
export const TOKEN_REVIEWS = clusterResource<TokenReview>(
  "authentication.k8s.io/v1",
  "TokenReview",
  "tokenreviews",
);

function resource<T extends KubeObject>(apiVersion: string, kind: string, plural: string): Resource<T> {
  return { apiVersion, kind, plural, namespaced: true };
}

function clusterResource<T extends KubeObject>(
  apiVersion: string,
  kind: string,
  plural: string,
): Resource<T> {
  return { apiVersion, kind, plural, namespaced: false };
}
