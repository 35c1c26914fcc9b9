import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ApiServer, isReady, startEtcdAndApiServer } from "./api-server.ts";
import { binaries, binaryPath } from "./binaries.ts";
import { startClusterDns } from "./cluster-dns.ts";
import { startControllerManager, startScheduler } from "./controllers.ts";
import { dataDirectory, stateDirectory } from "./directories.ts";
import { findGo } from "./go-toolchain.ts";
import { startKubeProxy } from "./kube-proxy.ts";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { layout, type NodeLayout, nodes } from "./layout.ts";
import { unmountBelow } from "./mounts.ts";
import { createNetwork, networkExists, removeNetwork } from "./network.ts";
import { startNode, stopNode } from "./node.ts";
import { clusterRequirements, type InstallOptions, installPackages } from "./packages.ts";
import { isAlive } from "./process-identity.ts";
import { recordedProcesses, stopProcesses } from "./process-registry.ts";
import { until } from "./until.ts";

/**
 * The whole of a Kubernetes cluster on this machine: API server, controllers, scheduler, two real nodes, service
 * addresses and DNS. It needs root and Linux; it outlives the program that started it, until `stopNativeCluster`.
 */
export interface NativeCluster {
  readonly kubeconfig: string;
  /** False when a healthy one was running already. */
  readonly isNew: boolean;
}

/** The cluster's own directory: records, certificates, logs, sockets. */
export function nativeClusterDirectory(): string {
  return stateDirectory("cluster");
}

/**
 * Gives the running cluster if it is healthy and was made by this version of the harness; else removes what is left
 * of an earlier one and starts a new one.
 */
export async function startNativeCluster(options: InstallOptions = {}): Promise<NativeCluster> {
  const directory = nativeClusterDirectory();
  const running = await findHealthyCluster(directory);
  if (running) return { kubeconfig: running.apiServer.kubeconfig, isNew: false };
  await prepareNativeCluster(options);
  await stopNativeCluster();

  mkdirSync(directory, { recursive: true });
  await createNetwork();
  const apiServer = await startEtcdAndApiServer(directory, {
    advertiseAddress: layout.hostAddress,
    port: 6443,
    serviceNetwork: { cidr: layout.serviceCidr, apiServerAddress: layout.apiServerServiceAddress },
  });
  const kubectl = kubectlFor(binaryPath("kubectl"), apiServer.kubeconfig);
  await Promise.all([
    startControllerManager(directory, apiServer),
    startScheduler(directory, apiServer),
    startKubeProxy(directory, apiServer),
    startClusterDns(directory, apiServer, kubectl),
    ...nodes.map((node) => startNode(directory, node, apiServer)),
  ]);
  await Promise.all(nodes.map((node) => untilReady(node, kubectl)));
  await until("the default service account", async () => await kubectl("get", "serviceaccount", "default"), {
    timeoutMs: 30_000,
  });
  writeMark(directory, { fingerprint: fingerprint(), apiServer });
  return { kubeconfig: apiServer.kubeconfig, isNew: true };
}

/** Removes all of it, also what a crashed start has left. Without a cluster it does nothing. */
export async function stopNativeCluster(): Promise<void> {
  const directory = nativeClusterDirectory();
  if (!existsSync(directory) && !(await networkExists())) return;
  rmSync(markPath(directory), { force: true }); // first: from here on nobody may find it healthy
  for (const node of nodes) await stopNode(directory, node);
  await stopProcesses(directory);
  await removeNetwork();
  for (const place of [directory, ...nodes.map((node) => dataDirectory(node.name))])
    await unmountBelow(place);
  for (const node of nodes) rmSync(dataDirectory(node.name, "kubelet"), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}

/** One line per part, for people. */
export async function describeNativeCluster(): Promise<string[]> {
  const directory = nativeClusterDirectory();
  const processes = recordedProcesses(directory);
  if (processes.length === 0) return ["The native cluster is down."];
  const healthy = await findHealthyCluster(directory);
  return [
    healthy
      ? `The native cluster is up: KUBECONFIG=${healthy.apiServer.kubeconfig}`
      : "The native cluster is NOT healthy.",
    ...processes.map(
      (one) => `  ${isAlive(one) ? "runs " : "ENDED"} ${one.name} (pid ${one.pid}, log ${one.log})`,
    ),
  ];
}

async function untilReady(node: NodeLayout, kubectl: Kubectl): Promise<void> {
  await until(
    `${node.name} becoming Ready`,
    async () => {
      const condition = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`;
      return (await kubectl("get", "node", node.name, "-o", condition)) === "True";
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );
  await advertiseResources(node, kubectl);
}

/** A node's status as a device plugin would leave it. The kubelet keeps resources that it does not know. */
async function advertiseResources(node: NodeLayout, kubectl: Kubectl): Promise<void> {
  const patch = Object.entries(node.extendedResources).flatMap(([resource, value]) =>
    ["capacity", "allocatable"].map((list) => ({
      op: "add",
      path: `/status/${list}/${resource.replaceAll("/", "~1")}`, // RFC 6901, section 3
      value,
    })),
  );
  if (patch.length === 0) return;
  await kubectl(
    "patch",
    "node",
    node.name,
    "--subresource=status",
    "--type=json",
    "-p",
    JSON.stringify(patch),
  );
}

interface Mark {
  readonly fingerprint: string;
  readonly apiServer: ApiServer;
}

function markPath(directory: string): string {
  return join(directory, "cluster.json");
}

/** Written last: a cluster without it was never wholly up. */
function writeMark(directory: string, mark: Mark): void {
  writeFileSync(`${markPath(directory)}.new`, JSON.stringify(mark, null, 2));
  renameSync(`${markPath(directory)}.new`, markPath(directory));
}

async function findHealthyCluster(directory: string): Promise<Mark | null> {
  if (!existsSync(markPath(directory))) return null;
  const mark = JSON.parse(readFileSync(markPath(directory), "utf8")) as Mark;
  if (mark.fingerprint !== fingerprint() || !recordedProcesses(directory).every(isAlive)) return null;
  const ready = await isReady(mark.apiServer).catch(() => false);
  if (!ready) return null;
  const kubectl = kubectlFor(binaryPath("kubectl"), mark.apiServer.kubeconfig);
  const conditions = await kubectl(
    "get",
    "nodes",
    "-o",
    `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`,
  );
  return conditions === nodes.map(() => "True").join(" ") ? mark : null;
}

/** Tells a cluster started by another version of the harness, which is not to be used by this one. */
function fingerprint(): string {
  const parts = [layout, nodes, dirname(binaryPath("kubelet")), dirname(binaryPath("coredns"))];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

const programs = [
  ...([
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
  ] as const),
  ...(["coredns", "pause", "helm"] as const),
];

/** Installs and builds what it takes, and says all that stands in the way at once, rather than one thing per try. */
export async function prepareNativeCluster(options: InstallOptions = {}): Promise<void> {
  const problems: string[] = [];
  const note = (error: Error) => problems.push(error.message);
  await assertPossible().catch(note);
  await installPackages(clusterRequirements, options).catch(note);
  if (!programs.every((name) => existsSync(binaryPath(name)))) await findGo(programs, options).catch(note);
  if (problems.length > 0) throw new Error(problems.join("\n\n"));
  await binaries(...programs);
}

async function assertPossible(): Promise<void> {
  const obstacle =
    process.platform !== "linux"
      ? `this is ${process.platform}`
      : process.getuid?.() !== 0
        ? "this is not root"
        : null;
  if (obstacle === null) return;
  throw new Error(
    `The native test cluster runs kubelets and containers, which takes Linux and root, and ${obstacle}. ` +
      "Run it with sudo, or use a cluster you have: MEDIAJOB_TEST_CLUSTER=existing KUBECONFIG=…",
  );
}
