import { LABELS } from "../../../crds/group.ts";
import { isOver } from "../../core/is-over.ts";
import { KUEUE_QUEUE_LABEL } from "../../core/queue/kueue.ts";
import type { ObjectMeta } from "../api/kube-object.ts";
import type { Job, Node, Pod, StoredMediaJob } from "../api/resources.ts";
import type { UnreadField } from "../api/unread-fields.ts";
import { jobOf } from "../jobs/owner.ts";
import { withoutManagedFields } from "./store.ts";

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
  return withoutManagedFields(needsSources(job) ? job : { ...job, spec: { ...job.spec, sources: [] } });
}

/**
 * Up to 10,000 sources are a megabyte. One that is over starts nothing and claims no outputs; the write that makes it go
 * on is a new version, which comes with all. One that is deleted claims its outputs until its workers have ended.
 */
const needsSources = (job: StoredMediaJob): boolean =>
  !isOver(job) || job.metadata.deletionTimestamp !== undefined;

/** Of a node only its name and whether it is ready are read. */
export function slimNode({ metadata, status }: Node): Node {
  const ready = status?.conditions?.filter(({ type }) => type === "Ready") ?? [];
  return { metadata: identityOf(metadata), status: { conditions: ready } };
}

/** Of a Job: whose attempt it is, what it was given, who admits it, whether it has a pod, and whether it goes on. */
export function slimJob({ metadata, status }: Job): Job {
  const { annotations, ownerReferences } = metadata;
  const { conditions, active, terminating } = status ?? {};
  const read = {
    ...(conditions && { conditions }),
    ...(active && { active }),
    ...(terminating && { terminating }),
  };
  return {
    metadata: {
      ...identityOf(metadata),
      labels: picked(metadata.labels, [LABELS.unit, LABELS.attempt, KUEUE_QUEUE_LABEL]),
      ...(annotations && { annotations }),
      ...(ownerReferences && { ownerReferences }),
    },
    ...(Object.keys(read).length > 0 && { status: read }),
  };
}

/** As long as a message of the kubelet gets before it only lists names. */
const MAX_MESSAGE = 512;

const CONDITIONS_OF_PODS = new Set(["PodScheduled", "DisruptionTarget"]);

/** Of a pod: whose it is, where it runs, why it does not and how it ended. */
export function slimPod(pod: Pod): Pod {
  const { metadata, spec, status } = pod;
  const job = jobOf(pod);
  const conditions = status?.conditions?.filter(({ type }) => CONDITIONS_OF_PODS.has(type)) ?? [];
  const containers = status?.containerStatuses?.map(({ name, state = {} }) => ({ name, state })) ?? [];
  return {
    metadata: {
      ...identityOf(metadata),
      labels: picked(metadata.labels, [LABELS.jobUid, LABELS.unit, LABELS.attempt]),
      ...(job && { ownerReferences: [job] }),
    },
    ...(spec?.nodeName && { spec: { nodeName: spec.nodeName, containers: [] } }),
    status: {
      ...(status?.phase && { phase: status.phase }),
      ...(status?.reason && { reason: status.reason }),
      ...(status?.message && { message: status.message.slice(0, MAX_MESSAGE) }),
      ...(conditions.length > 0 && { conditions }),
      ...(containers.length > 0 && { containerStatuses: containers as ContainerStatuses }),
    },
  };
}

type ContainerStatuses = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>;

type Identity = Pick<
  ObjectMeta,
  "name" | "namespace" | "uid" | "resourceVersion" | "creationTimestamp" | "deletionTimestamp"
>;

function identityOf(metadata: ObjectMeta): Identity {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp } = metadata;
  return {
    ...{ name, uid, resourceVersion },
    ...(namespace && { namespace }),
    ...(creationTimestamp && { creationTimestamp }),
    ...(deletionTimestamp && { deletionTimestamp }),
  };
}

function picked(labels: ObjectMeta["labels"], names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = labels?.[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
