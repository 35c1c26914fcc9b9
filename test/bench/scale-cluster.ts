import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeClient } from "../../operator/kube/client.ts";
import { issueCertificate } from "../cluster/certificates.ts";
import { connect } from "../cluster/connect.ts";
import { startScheduler } from "../cluster/controllers.ts";
import { writeKubeconfig } from "../cluster/kubeconfig.ts";
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

export async function startScaleCluster(): Promise<ScaleCluster> {
  const api = await startApiServer({
    controllers: true,
    controllerArguments: [...UNTHROTTLED, "--concurrent-job-syncs=16"],
  });
  const clients: KubeClient[] = [];
  const stop = async () => {
    for (const client of clients) await client.close();
    await api.stop();
  };
  try {
    await startScheduler(api.directory, api, UNTHROTTLED);
    await startKwok(api.directory, api);
    const operatorKubeconfig = await kubeconfigOfOperator(api);
    const crd = readFileSync(join(import.meta.dirname, "../../crds/mediajob.dev_mediajobs.yaml"), "utf8");
    await api.kubectl.apply(crd);
    await api.kubectl.apply([...nodes, ...surroundings]);
    await api.kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s");
    await api.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s");
    await api.kubectl(
      ...["wait", "persistentvolumeclaim/media", "--namespace", NAMESPACE],
      ...["--for=jsonpath={.status.phase}=Bound", "--timeout=60s"],
    );
    return {
      api,
      operatorKubeconfig,
      connect: async () => {
        const client = await connect(api.kubeconfig);
        clients.push(client);
        return client;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const OPERATOR = "system:serviceaccount:mediajob-system:mediajob";
const capacity = { storage: "10Gi" };

/** The namespace and the volume that every unit names, and the operator's rights. */
const surroundings = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
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
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: OPERATOR }],
  },
];

async function kubeconfigOfOperator({ directory, url, authority }: StandaloneApiServer): Promise<string> {
  const user = await issueCertificate(join(directory, "certificates"), authority, "operator", {
    commonName: OPERATOR,
    organization: "system:serviceaccounts",
  });
  const path = join(directory, "operator.kubeconfig");
  writeKubeconfig(path, url, authority, user);
  return path;
}
