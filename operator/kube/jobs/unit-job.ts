import type { V1Toleration } from "@kubernetes/client-node";
import type { Finalize } from "../../../crds/finalize.ts";
import { API_VERSION, LABELS, UNIT_ANNOTATION, WORKER_ENV } from "../../../crds/group.ts";
import type { MediaJob } from "../../../crds/media-job.ts";
import type { Unit } from "../../../crds/unit.ts";
import { childName, nameStart } from "../../core/child-name.ts";
import type { Configuration, Pool } from "../../core/configuration.ts";
import type { PlannedUnit } from "../../core/plan/plan.ts";
import { KUEUE_QUEUE_LABEL, kueueQueueOf } from "../../core/queue/kueue.ts";
import type { Placed } from "../../core/reconcile/decision.ts";
import { unitOf } from "../../core/unit-of.ts";
import type { Draft } from "../api/kube-object.ts";
import type { Job } from "../api/resources.ts";
import { mounts, SCRATCH_DIRECTORY, TOKEN_DIRECTORY, UNIT_DIRECTORY, volumes } from "./unit-volumes.ts";

/** Annotations with which an attempt tells what it was given, so that nothing needs to be remembered elsewhere. */
export const ATTEMPT_ANNOTATIONS = {
  pool: "mediajob.dev/pool",
  memoryBytes: "mediajob.dev/memory-bytes",
  gpu: "mediajob.dev/gpu",
  /** Written when the operator gives an attempt up: why. */
  failedBecause: "mediajob.dev/failed-because",
  failedReason: "mediajob.dev/failed-reason",
  /** Class of the failure it follows and priority, where few such retries may run at once. */
  retryOf: "mediajob.dev/retry-of",
} as const;

/** Who made it, for `app.kubernetes.io/managed-by`, and how the operator finds its Jobs and pods. */
export const MANAGED_BY = { "app.kubernetes.io/managed-by": "mediajob" } as const;

/** The worker cleans up within 5 s of SIGTERM; the kubelet kills it after this. */
const GRACE_SECONDS = 10;

/**
 * The Job may run a little longer than the unit: the worker then ends itself, cleanly and with a reason. And longer by
 * the time that its pod may take to start: Kubernetes counts that, too.
 */
const DEADLINE_MARGIN_SECONDS = 30;

/**
 * One attempt at a unit as a Kubernetes Job with one pod, which never restarts: a retry is a new Job, so
 * that every attempt keeps its own name, log and result. The pod has no rights in the cluster, a read-only
 * root and no capabilities; it sees its unit, its volumes and a token that only the operator accepts.
 */
export function unitJob({
  job,
  planned,
  attempt,
  placed,
  finalize,
  gate,
  configuration,
}: {
  job: MediaJob;
  planned: PlannedUnit;
  attempt: number;
  placed: Placed;
  finalize?: Finalize | undefined;
  /** The gate it went through as a retry, see `gateOf`. */
  gate?: string | undefined;
  configuration: Configuration;
}): Draft<Job> {
  const unit = unitOf({ job, planned, attempt, placed, finalize });
  const name = childName(job.metadata.name, planned.name, attempt);
  const labels = labelsOf(job, unit);
  const queue = kueueQueueOf(job);
  const pool = configuration.pools.find(({ name }) => name === placed.pool);
  return {
    metadata: {
      name,
      namespace: unit.job.namespace,
      labels: { ...labels, ...(queue && { [KUEUE_QUEUE_LABEL]: queue }) },
      annotations: {
        [ATTEMPT_ANNOTATIONS.pool]: placed.pool,
        [ATTEMPT_ANNOTATIONS.memoryBytes]: String(placed.memoryBytes),
        ...(placed.gpu && { [ATTEMPT_ANNOTATIONS.gpu]: "true" }),
        ...(gate && { [ATTEMPT_ANNOTATIONS.retryOf]: gate }),
      },
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind: "MediaJob",
          name: job.metadata.name,
          uid: unit.job.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      ...(queue && { suspend: true }), // Kueue resumes it when there is quota
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      podReplacementPolicy: "Failed",
      activeDeadlineSeconds:
        configuration.recovery.startDeadlineSeconds + unit.limits.timeoutSeconds + DEADLINE_MARGIN_SECONDS,
      ttlSecondsAfterFinished: configuration.unitTtlSecondsAfterFinished,
      template: {
        metadata: { labels, annotations: { [UNIT_ANNOTATION]: JSON.stringify(unit) } },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          ...placement(pool),
          ...(configuration.worker.imagePullSecrets.length && {
            imagePullSecrets: configuration.worker.imagePullSecrets,
          }),
          securityContext: {
            runAsNonRoot: true,
            runAsUser: configuration.worker.runAsUser,
            runAsGroup: configuration.worker.runAsUser,
            fsGroup: configuration.worker.fsGroup,
            fsGroupChangePolicy: "OnRootMismatch",
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "worker",
              image: configuration.worker.image,
              imagePullPolicy: configuration.worker.imagePullPolicy,
              terminationMessagePolicy: "File",
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              env: environment(configuration),
              resources: resources(placed, pool),
              volumeMounts: mounts(unit),
            },
          ],
          volumes: volumes(unit),
        },
      },
    },
  };
}

function labelsOf(job: MediaJob, unit: Unit): Record<string, string> {
  return {
    "app.kubernetes.io/name": "mediajob-worker",
    "app.kubernetes.io/component": "worker",
    "app.kubernetes.io/part-of": "mediajob",
    ...MANAGED_BY,
    [LABELS.job]: nameStart(job.metadata.name, LABEL_CHARACTERS),
    [LABELS.jobUid]: unit.job.uid,
    [LABELS.unit]: unit.name,
    [LABELS.attempt]: String(unit.attempt),
  };
}

/** A name may have 253 characters; what is cut is found by owner reference. */
const LABEL_CHARACTERS = 63;

function placement(pool: Pool | undefined) {
  return {
    ...(pool && Object.keys(pool.nodeSelector).length && { nodeSelector: pool.nodeSelector }),
    ...(pool?.tolerations.length && { tolerations: pool.tolerations as V1Toleration[] }),
    ...(pool?.runtimeClassName && { runtimeClassName: pool.runtimeClassName }),
  };
}

/** Memory and scratch are asked for and limited alike: a worker that keeps to its limits is not evicted. */
function resources(placed: Placed, pool: Pool | undefined) {
  const amounts = {
    cpu: `${Math.round(placed.cpu * 1000)}m`,
    memory: String(placed.memoryBytes),
    "ephemeral-storage": String(placed.scratchBytes),
    ...(placed.gpu && pool?.gpuResource && { [pool.gpuResource]: "1" }),
  };
  return { requests: amounts, limits: amounts };
}

function environment({ progressUrl }: Configuration) {
  const values: Record<string, string> = {
    [WORKER_ENV.unitFile]: `${UNIT_DIRECTORY}/unit.json`,
    [WORKER_ENV.resultFile]: "/dev/termination-log",
    [WORKER_ENV.scratchDir]: SCRATCH_DIRECTORY,
    // Libraries that want a temporary directory get scratch too: the root is read-only.
    TMPDIR: SCRATCH_DIRECTORY,
    ...(progressUrl && {
      [WORKER_ENV.progress]: progressUrl,
      [WORKER_ENV.tokenFile]: `${TOKEN_DIRECTORY}/token`,
    }),
  };
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
