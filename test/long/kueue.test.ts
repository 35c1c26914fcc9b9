import { afterAll, beforeAll, expect, test } from "vitest";
import { JOBS, MEDIA_JOBS, type StoredMediaJob } from "../../operator/kube/api/resources.ts";
import { images } from "../bench/contenders.ts";
import { type OperatorProcess, startOperator } from "../bench/operator-process.ts";
import { NAMESPACE, type ScaleCluster, startScaleCluster } from "../bench/scale-cluster.ts";
import { startKueue } from "../cluster/kueue.ts";
import { until } from "../cluster/until.ts";

/**
 * A real Kueue decides when MediaJobs with its label run. Nodes and pods are KWOK's: what a unit makes is not the
 * matter here.
 */
const NAMES = ["mon", "tue", "wed", "thu"];
const AT_ONCE = 2;

let cluster: ScaleCluster;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startScaleCluster();
  await startKueue(cluster.api);
  operator = await startOperator(cluster);
});

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
});

test("units wait suspended until Kueue has quota for them, and no more run at once than it has", async () => {
  const client = await cluster.connect();
  const mediaJobs = async () => (await client.list(MEDIA_JOBS, { namespace: NAMESPACE })).items;
  const jobs = async () => (await client.list(JOBS, { namespace: NAMESPACE })).items;
  const inQueue = (name: string) => {
    const { metadata, ...rest } = images(name, 1);
    return { ...rest, metadata: { ...metadata, labels: { "kueue.x-k8s.io/queue-name": "media" } } };
  };
  await Promise.all(NAMES.map((name) => client.create(MEDIA_JOBS, inQueue(name))));
  await expect.poll(async () => (await mediaJobs()).map(waiting)).toEqual(NAMES.map(() => WAITING));
  expect((await jobs()).map(({ spec }) => spec?.suspend)).toEqual(NAMES.map(() => true));

  const [first] = await jobs();
  const requests = first?.spec?.template.spec?.containers[0]?.resources?.requests ?? {};
  await cluster.api.kubectl.apply(queueFor(requests));
  let mostAtOnce = 0;
  await until(
    "the last MediaJob",
    async () => {
      const running = (await jobs()).filter(({ spec, status }) => !spec?.suspend && !status?.completionTime);
      mostAtOnce = Math.max(mostAtOnce, running.length);
      return (await mediaJobs()).every(({ status }) => status?.phase === "Succeeded");
    },
    { timeoutMs: 120_000 },
  );
  expect(mostAtOnce).toBeGreaterThan(0);
  expect(mostAtOnce).toBeLessThanOrEqual(AT_ONCE);
  const workloads = await cluster.api.kubectl.json<{ items: { status?: { conditions?: Condition[] } }[] }>(
    ...["get", "workloads.kueue.x-k8s.io", "--namespace", NAMESPACE],
  );
  expect(workloads.items.map(({ status }) => isTrue(status?.conditions, "Finished"))).toEqual(
    NAMES.map(() => true),
  );
});

interface Condition {
  type: string;
  status: string;
}

const isTrue = (conditions: Condition[] = [], wanted: string): boolean =>
  conditions.some(({ type, status }) => type === wanted && status === "True");

const WAITING = { phase: "Queued", reason: "WaitingForKueue" };

const waiting = ({ status }: StoredMediaJob) => ({
  phase: status?.phase,
  reason: status?.conditions?.find(({ type }) => type === "Ready")?.reason,
});

/** A queue with quota for so many of these at once; memory and scratch are no bound. */
const queueFor = ({ cpu = "1" }: Record<string, string>) => [
  { apiVersion: KUEUE, kind: "ResourceFlavor", metadata: { name: "any" } },
  {
    apiVersion: KUEUE,
    kind: "ClusterQueue",
    metadata: { name: "media" },
    spec: {
      namespaceSelector: {},
      resourceGroups: [
        {
          coveredResources: ["cpu", "memory", "ephemeral-storage"],
          flavors: [
            {
              name: "any",
              resources: [
                { name: "cpu", nominalQuota: `${AT_ONCE * milli(cpu)}m` },
                { name: "memory", nominalQuota: "1Ti" },
                { name: "ephemeral-storage", nominalQuota: "1Ti" },
              ],
            },
          ],
        },
      ],
    },
  },
  {
    apiVersion: KUEUE,
    kind: "LocalQueue",
    metadata: { name: "media", namespace: NAMESPACE },
    spec: { clusterQueue: "media" },
  },
];

const KUEUE = "kueue.x-k8s.io/v1beta2";

const milli = (cpu: string): number => (cpu.endsWith("m") ? Number(cpu.slice(0, -1)) : Number(cpu) * 1000);
