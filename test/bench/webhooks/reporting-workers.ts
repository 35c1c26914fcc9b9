import { LABELS, TOKEN_AUDIENCE } from "../../../crds/group.ts";
import type { Draft, KubeObject, Stored } from "../../../operator/kube/api/kube-object.ts";
import {
  JOBS,
  type Job,
  MEDIA_JOBS,
  PODS,
  type Pod,
  type Resource,
} from "../../../operator/kube/api/resources.ts";
import { until } from "../../cluster/until.ts";
import { arrive } from "../arrivals.ts";
import { type OperatorProcess, startOperator } from "../operator-process.ts";
import { type Measurement, percentile } from "../report.ts";
import { Child } from "./child.ts";
import { type ControlPlane, NAMESPACE } from "./control-plane.ts";
import type { Crowd, Said, Worker } from "./crowd-process.ts";
import { configuration } from "./deliveries.ts";
import { measureBesideLiar } from "./lying-worker.ts";
import { mediaJob } from "./manifests.ts";
import { Receivers } from "./receivers.ts";

const JOB_COUNT = 50;
const UNITS_PER_JOB = 10;
const WARM_UP_SECONDS = 10;
const SECONDS = 30;

/**
 * Workers that report each second. Their MediaJobs, units, pods and tokens are real ones; what is played is the
 * kubelet, which would have made the pods run.
 */
export async function measureWorkers(
  plane: ControlPlane,
  nodeOptions: readonly string[],
): Promise<Measurement[]> {
  const receivers = await Receivers.start();
  const operator = await startOperator(plane, { nodeOptions, configuration });
  try {
    const workers = await hire(plane);
    return [
      ...(await report(operator, workers)),
      ...(await measureBesideLiar(operator, workers, { plane, receivers })),
    ];
  } finally {
    await operator.stop();
    await receivers.stop();
  }
}

async function report(operator: OperatorProcess, workers: readonly Worker[]): Promise<Measurement[]> {
  const crowd = new Child<Crowd, Said>("crowd-process.ts");
  crowd.ask({ url: operator.url, workers, warmUpSeconds: WARM_UP_SECONDS, seconds: SECONDS });
  await crowd.said("warm");
  const [before, writesBefore, fromMs] = [operator.usage(), await statusWrites(operator), performance.now()];
  const { tookMs, refused } = await crowd.said("done");
  const [after, writes] = [operator.usage(), (await statusWrites(operator)) - writesBefore];
  const seconds = (performance.now() - fromMs) / 1000;
  if (writes === 0)
    throw new Error("no status was written: what the workers reported did not arrive, or is not counted");
  const name = `${workers.length} workers, a report each second`;
  return [
    {
      name: `${name}: operator CPU`,
      unit: "cores",
      target: { atMost: 0.35 },
      value: (after.cpuSeconds - before.cpuSeconds) / seconds,
    },
    { name: `${name}: POST, p50`, unit: "ms", value: percentile(tookMs, 0.5) },
    { name: `${name}: POST, p99`, unit: "ms", target: { atMost: 50 }, value: percentile(tookMs, 0.99) },
    {
      name: `${name}: status writes of a MediaJob`,
      unit: "/s",
      target: { atMost: 0.5 },
      value: writes / JOB_COUNT / seconds,
    },
    { name: `${name}: reports`, unit: "/s", value: tookMs.length / SECONDS },
    {
      name: `${name}: not taken`,
      unit: "",
      target: { atMost: 0 },
      value: Object.values(refused).reduce((a, b) => a + b, 0),
    },
    { name: `${name}: operator RSS, peak`, unit: "MB", value: after.peakRssBytes / 1e6 },
  ];
}

const statusWrites = async (operator: OperatorProcess): Promise<number> =>
  (await operator.requests()).get("update mediajobs") ?? 0;

/** As a subresource of the service account; a TokenReview of the answer's token names the pod. */
const TOKEN_REQUESTS: Resource<TokenRequest> = {
  apiVersion: "v1",
  kind: "TokenRequest",
  plural: "serviceaccounts/default/token",
  namespaced: true,
};
type TokenRequest = Stored<{ spec: object; status?: { token: string } }> & KubeObject;

/** Makes the MediaJobs, waits for their units' Jobs, makes a running pod of each, and gets its token. */
async function hire({ client }: ControlPlane): Promise<Worker[]> {
  await arrive(JOB_COUNT, "Burst", (index) =>
    client.create(MEDIA_JOBS, mediaJob(`watched-${index}`, { units: UNITS_PER_JOB })),
  );
  const jobs = await until(
    "the units' Jobs",
    async () => {
      const { items } = await client.list(JOBS, { namespace: NAMESPACE });
      return items.length >= JOB_COUNT * UNITS_PER_JOB && items;
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
  const workers: Worker[] = [];
  await arrive(jobs.length, "Burst", async (index) => {
    const job = jobs[index] as Job;
    const { labels, annotations } = job.spec?.template.metadata ?? {};
    const { name, uid } = job.metadata;
    const pod = await client.create(PODS, {
      metadata: {
        name,
        namespace: NAMESPACE,
        labels: { ...labels, "batch.kubernetes.io/job-name": name },
        ...(annotations && { annotations }),
        ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name, uid, controller: true }],
      },
      spec: { ...job.spec?.template.spec, serviceAccountName: "default" } as NonNullable<Pod["spec"]>,
    });
    await client.mergePatch(PODS, pod.metadata, { status: { phase: "Running" } }, { subresource: "status" });
    const { status } = await client.create(TOKEN_REQUESTS, tokenRequest(pod));
    workers.push({
      token: status?.token ?? "",
      job: {
        namespace: NAMESPACE,
        name: labels?.[LABELS.job] ?? "",
        uid: labels?.[LABELS.jobUid] ?? "",
      },
      unit: labels?.[LABELS.unit] ?? "",
    });
  });
  return workers;
}

/** Its version is not that of what it is a subresource of. */
const tokenRequest = ({ metadata: { name, uid } }: KubeObject): Draft<TokenRequest> => ({
  ...{ apiVersion: "authentication.k8s.io/v1" },
  metadata: { namespace: NAMESPACE },
  spec: {
    audiences: [TOKEN_AUDIENCE],
    expirationSeconds: 3600,
    boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
  },
});
