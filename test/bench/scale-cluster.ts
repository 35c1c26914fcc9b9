import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeClient } from "../../operator/kube/api/client.ts";
import type { Draft, KubeObject } from "../../operator/kube/api/kube-object.ts";
import { JOBS, type Job, PODS, type Pod, type Resource } from "../../operator/kube/api/resources.ts";
import { connect } from "../cluster/connect.ts";
import { startScheduler } from "../cluster/controllers.ts";
import { type StandaloneApiServer, startApiServer } from "../cluster/standalone-api-server.ts";
import { nodes, startKwok } from "./kwok.ts";

export const NAMESPACE = "bench";

/** A control plane of its own on loopback, with nodes that KWOK plays. Each contender gets a fresh one. */
export interface ScaleCluster {
  readonly api: StandaloneApiServer;
  /** Of the operator: a service account's rights and place in the API server's queues, not an administrator's. */
  readonly operatorKubeconfig: string;
  /** An administrator's, with connections of its own. Ends with the cluster. */
  connect(): Promise<KubeClient>;
  stop(): Promise<void>;
}

/** The defaults of 20 requests a second are what would be measured. */
const UNTHROTTLED = ["--kube-api-qps=5000", "--kube-api-burst=10000"];

/** Where KWOK is starved of CPU it renews its nodes' leases late: that the cluster gives them up is not measured here. */
const PATIENT_WITH_NODES = "--node-monitor-grace-period=30m";

export async function startScaleCluster(): Promise<ScaleCluster> {
  const api = await startApiServer({
    controllers: true,
    controllerArguments: [...UNTHROTTLED, "--concurrent-job-syncs=16", PATIENT_WITH_NODES],
  });
  const clients: KubeClient[] = [];
  const stop = async () => {
    for (const client of clients) await client.close();
    await api.stop();
  };
  try {
    await startScheduler(api.directory, api, UNTHROTTLED);
    await startKwok(api.directory, api);
    const crd = readFileSync(join(import.meta.dirname, "../../crds/mediajob.dev_mediajobs.yaml"), "utf8");
    await api.kubectl.apply(crd);
    await api.kubectl.apply([...nodes, ...surroundings]);
    await api.kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s");
    await api.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s");
    await api.kubectl(
      ...["wait", "persistentvolumeclaim/media", "--namespace", NAMESPACE],
      ...["--for=jsonpath={.status.phase}=Bound", "--timeout=60s"],
    );
    const operatorKubeconfig = await kubeconfigOfOperator(api);
    const connected = async () => {
      const client = await connect(api.kubeconfig);
      clients.push(client);
      return client;
    };
    await widenWindows(await connected());
    return { api, operatorKubeconfig, connect: connected, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The API server has a connection to etcd for each kind, whose HTTP/2 window begins at 64 KiB and grows by what it
 * carried while it was fast. Where a burst comes before that, the watch of Jobs, or of pods, is behind by seconds for as
 * long as the machine is full, in every other run. A cluster that has lived for a day has read larger lists.
 */
async function widenWindows(client: KubeClient): Promise<void> {
  const annotations = { large: "x".repeat(250_000) };
  const metadata = { name: "large", namespace: NAMESPACE, annotations };
  const containers = [{ name: "none", image: "none" }];
  const gated = { schedulingGates: [{ name: "bench.example/never" }], containers };
  await client.create(PODS, { metadata, spec: gated } as Draft<Pod>);
  const template = { spec: { restartPolicy: "Never", containers } };
  await client.create(JOBS, { metadata, spec: { suspend: true, template } } as unknown as Draft<Job>);
  for (const resource of [PODS, JOBS]) {
    for (let read = 0; read < 30; read++) await client.get(resource as Resource<KubeObject>, metadata);
    await client.delete(resource as Resource<KubeObject>, metadata, { propagationPolicy: "Background" });
  }
}

const OPERATOR = { namespace: "mediajob-system", name: "mediajob" };
const capacity = { storage: "10Gi" };

/** The namespace and the volume that every unit names, and the operator's rights. */
const surroundings = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
  { apiVersion: "v1", kind: "Namespace", metadata: { name: OPERATOR.namespace } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: OPERATOR },
  {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "media" },
    spec: {
      capacity,
      accessModes: ["ReadWriteMany"],
      storageClassName: "",
      hostPath: { path: "/nowhere" }, // nothing mounts it: KWOK's pods have no containers
      claimRef: { namespace: NAMESPACE, name: "media" },
    },
  },
  {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "media", namespace: NAMESPACE },
    spec: {
      accessModes: ["ReadWriteMany"],
      storageClassName: "",
      volumeName: "media",
      resources: { requests: capacity },
    },
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "operator" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", ...OPERATOR }],
  },
];

/** With a token, as a pod has: the API server would verify a certificate anew at each request. */
async function kubeconfigOfOperator({ directory, kubectl }: StandaloneApiServer): Promise<string> {
  const token = await kubectl("create", "token", OPERATOR.name, "--namespace", OPERATOR.namespace);
  const config = JSON.parse(await kubectl("config", "view", "--raw", "--output", "json"));
  for (const each of config.users) each.user = { token };
  const path = join(directory, "operator.kubeconfig");
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
