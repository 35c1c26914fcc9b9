import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiServer } from "./api-server.ts";
import { binaries } from "./binaries.ts";
import { issueCertificate } from "./certificates.ts";
import { createCgroup, removeCgroup } from "./cgroups.ts";
import {
  type ContainerdPlace,
  containerdSocket,
  ctr,
  killShims,
  removeContainers,
  startContainerd,
} from "./containerd.ts";
import { dataDirectory } from "./directories.ts";
import { writeProgramImage } from "./image-archive.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { layout, type NodeLayout } from "./layout.ts";
import { inClusterNetwork, writePodNetwork } from "./network.ts";
import { isAlive } from "./process-identity.ts";
import { recordedProcesses, startProcess, stopProcess } from "./process-registry.ts";

const pauseImage = "mediajob.dev/pause:1";

/** Starts a node's containerd and kubelet; it registers itself and is Ready some 2 s later. */
export async function startNode(directory: string, node: NodeLayout, apiServer: ApiServer): Promise<void> {
  const place = containerdPlace(directory, node);
  const networkConfiguration = join(directory, node.name, "cni");
  await discardUnlessClean(place);
  createCgroup(cgroupName(node));
  writePodNetwork(networkConfiguration, node);
  await startContainerd(place, {
    kubernetes: { sandboxImage: pauseImage, networkConfiguration },
    through: inClusterNetwork,
  });
  await loadPauseImage(place);
  await startKubelet(directory, node, apiServer);
}

/**
 * Ends a node and all its pods, in the order in which nothing restarts what was just ended. Also good for a node
 * that was only half started, or that has crashed.
 */
export async function stopNode(directory: string, node: NodeLayout): Promise<void> {
  const place = containerdPlace(directory, node);
  await stopRecorded(directory, `kubelet-${node.name}`);
  const isClean = await removesContainers(directory, place);
  await stopRecorded(directory, place.name);
  killShims(place);
  await removeCgroup(cgroupName(node));
  removeLogLinks(node);
  if (isClean && existsSync(place.root)) writeFileSync(cleanMark(place), "");
}

/**
 * False when containerd does not run or does not answer. Its children are then killed, and its root, of which nobody
 * knows what it holds, is discarded at the next start. ctr would wait 10 s for one that is not there.
 */
async function removesContainers(directory: string, place: ContainerdPlace): Promise<boolean> {
  if (!recordedProcesses(directory).some((process) => process.name === place.name && isAlive(process)))
    return false;
  return await removeContainers(place).then(
    () => true,
    () => false,
  );
}

/** Where ctr finds the node's images. */
export function containerdPlace(directory: string, node: NodeLayout): ContainerdPlace {
  return {
    name: `containerd-${node.name}`,
    registry: directory,
    root: dataDirectory(node.name, "containerd"),
    state: join(directory, node.name, "containerd"),
  };
}

function cgroupName(node: NodeLayout): string {
  return `mediajob-${node.name}`;
}

/** Stands in a root that holds images and no containers: only such a one is used again. */
function cleanMark(place: ContainerdPlace): string {
  return join(place.root, "mediajob-clean");
}

/** The kubelet links every container's log into a folder that is the same for all kubelets of a machine. */
function removeLogLinks(node: NodeLayout): void {
  const directory = "/var/log/containers";
  if (!existsSync(directory)) return;
  const links = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  for (const { name } of links) {
    const path = join(directory, name);
    if (readlinkSync(path).startsWith(dataDirectory(node.name, ""))) rmSync(path);
  }
}

async function discardUnlessClean(place: ContainerdPlace): Promise<void> {
  if (!existsSync(cleanMark(place))) rmSync(place.root, { recursive: true, force: true });
  rmSync(cleanMark(place), { force: true });
}

async function loadPauseImage(place: ContainerdPlace): Promise<void> {
  const images = await ctr(place, "images", "list", "--quiet");
  if (images.split("\n").includes(pauseImage)) return;
  const { pause } = await binaries("pause");
  const archive = join(place.state, "pause.tar");
  await writeProgramImage(archive, { image: pauseImage, program: pause });
  await ctr(place, "images", "import", archive);
}

async function startKubelet(directory: string, node: NodeLayout, apiServer: ApiServer): Promise<void> {
  const { kubelet } = await binaries("kubelet");
  const own = join(directory, node.name);
  const root = dataDirectory(node.name, "kubelet");
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const pair = await issueCertificate(join(directory, "certificates"), apiServer.authority, node.name, {
    commonName: `system:node:${node.name}`,
    organization: "system:nodes",
    dnsNames: [node.name],
    addresses: [node.address],
  });
  const kubeconfig = join(own, "kubelet.kubeconfig");
  writeKubeconfig(kubeconfig, apiServer.url, apiServer.authority, pair);
  const configuration = {
    kind: "KubeletConfiguration",
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    address: node.address,
    healthzBindAddress: node.address,
    tlsCertFile: pair.certificate,
    tlsPrivateKeyFile: pair.key,
    authentication: {
      anonymous: { enabled: false },
      x509: { clientCAFile: apiServer.authority.certificate },
      webhook: { enabled: true },
    },
    authorization: { mode: "Webhook" },
    containerRuntimeEndpoint: `unix://${containerdSocket(containerdPlace(directory, node))}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroupName(node)}`,
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [layout.dnsServiceAddress],
    clusterDomain: layout.clusterDomain,
    resolvConf: "/etc/resolv.conf",
    podLogsDir: join(root, "pod-logs"),
    volumePluginDir: join(root, "volume-plugins"),
    oomScoreAdj: 0, // lowering it needs CAP_SYS_RESOURCE
    maxPods: 110,
    // A test machine's disk may be as full as it likes: only real exhaustion evicts, and images stay.
    evictionHard: {
      "memory.available": "50Mi",
      "nodefs.available": "1%",
      "nodefs.inodesFree": "1%",
      "imagefs.available": "1%",
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    nodeStatusUpdateFrequency: "4s",
    registerWithTaints: node.taints,
  };
  const configurationPath = join(own, "kubelet.json");
  writeFileSync(configurationPath, JSON.stringify(configuration, null, 2));
  startProcess(directory, `kubelet-${node.name}`, [
    ...inClusterNetwork,
    kubelet,
    `--config=${configurationPath}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${root}`,
    `--cert-dir=${join(own, "certificates")}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
    `--node-labels=${Object.entries(node.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(",")}`,
  ]);
}

async function stopRecorded(directory: string, name: string): Promise<void> {
  const process = recordedProcesses(directory).find((one) => one.name === name);
  if (process) await stopProcess(directory, process);
}
