import { UNIT_ANNOTATION } from "../../crds/group.ts";
import type { Job, Node, Pod, StoredMediaJob } from "./resources.ts";
import { withoutManagedFields } from "./store.ts";
import type { UnreadField } from "./unread-fields.ts";

/** Written by `kubectl apply` beside the object: the whole manifest once more. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** What of each kind need not even be parsed: what the functions below strip, as far as it is an object or a list. */
export const UNREAD_OF_JOBS: UnreadField[] = ["spec{}"];
export const UNREAD_OF_PODS: UnreadField[] = ["volumes[]", "containers[]", "tolerations[]"];
export const UNREAD_OF_NODES: UnreadField[] = ["spec{}", "images[]"];

/**
 * What each kind keeps in the cache. With ten thousands of objects, what nobody reads is most of the
 * operator's memory.
 */
export function slimMediaJob(job: StoredMediaJob): StoredMediaJob {
  if (job.metadata.annotations) delete job.metadata.annotations[LAST_APPLIED];
  return withoutManagedFields(job);
}

/** Of a node only its name and whether it is ready are read. */
export function slimNode(node: Node): Node {
  const ready = node.status?.conditions?.filter(({ type }) => type === "Ready") ?? [];
  const { name, uid, resourceVersion } = node.metadata;
  return { metadata: { name, uid, resourceVersion }, status: { conditions: ready } };
}

export function slimJob(job: Job): Job {
  delete job.spec;
  return withoutManagedFields(job);
}

export function slimPod(pod: Pod): Pod {
  const { nodeName } = pod.spec ?? {};
  if (nodeName) pod.spec = { nodeName, containers: [] };
  else delete pod.spec;
  if (pod.metadata.annotations) delete pod.metadata.annotations[UNIT_ANNOTATION];
  return withoutManagedFields(pod);
}
