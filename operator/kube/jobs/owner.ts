/**
 * Whose a Job or a pod is. Anybody can put our labels on theirs, so what controls it says so, in its own namespace alone:
 * there Kubernetes itself takes an owner reference at its word.
 */
import { GROUP, LABELS } from "../../../crds/group.ts";
import type { KubeObject, OwnerReference } from "../api/kube-object.ts";
import type { Job, Pod } from "../api/resources.ts";

/** One life of a MediaJob, as the metadata of one names it, too. */
export interface Owner {
  readonly namespace?: string | undefined;
  readonly uid: string;
}

/** As an index value. */
export const ownerKey = ({ namespace = "", uid }: Owner): string => `${namespace}/${uid}`;

/** The MediaJob that controls a Job; it may be gone, or never have been. */
export function ownerOfJob({ metadata }: Job): Owner | undefined {
  const { apiVersion, kind, uid = "" } = controllerOf(metadata) ?? {};
  const isOurs = kind === "MediaJob" && apiVersion?.split("/")[0] === GROUP;
  return isOurs ? { namespace: metadata.namespace, uid } : undefined;
}

/** The MediaJob for which the Job that controls a pod was made: it outlives its Job while it ends. */
export function ownerOfPod(pod: Pod): Owner | undefined {
  const uid = pod.metadata.labels?.[LABELS.jobUid];
  return uid && jobOf(pod) ? { namespace: pod.metadata.namespace, uid } : undefined;
}

/** The Job that controls a pod. */
export function jobOf({ metadata }: Pod): OwnerReference | undefined {
  const controller = controllerOf(metadata);
  return controller?.kind === "Job" && controller.apiVersion.startsWith("batch/") ? controller : undefined;
}

export const jobNameOf = (pod: Pod): string => jobOf(pod)?.name ?? "";

export const isPodOf = (pod: Pod, { metadata }: Job): boolean => jobOf(pod)?.uid === metadata.uid;

const controllerOf = ({ ownerReferences }: KubeObject["metadata"]): OwnerReference | undefined =>
  ownerReferences?.find(({ controller }) => controller);
