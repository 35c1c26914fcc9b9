import { mkdirSync } from "node:fs";
import { binaries } from "./binaries.ts";
import { enter, isAbandoned, keep } from "./cluster-users.ts";
import { dataDirectory, stateDirectory } from "./directories.ts";
import { stopDocker } from "./docker.ts";
import { loadImages } from "./images.ts";
import { boundTo, type Kubectl, kubectlFor } from "./kubectl.ts";
import { layout } from "./layout.ts";
import { withLock } from "./lock.ts";
import { createMediaVolume, type MediaVolume } from "./media-volume.ts";
import {
  nativeClusterDirectory,
  prepareNativeCluster,
  startNativeCluster,
  stopNativeCluster,
} from "./native-cluster.ts";
import type { InstallOptions } from "./packages.ts";

/** A Kubernetes cluster with real nodes, as tests use it. */
export interface Cluster {
  readonly provider: Provider;
  /** A path, of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  /** Runs helm with these arguments and gives its output. */
  readonly helm: (...args: string[]) => Promise<string>;
  /** This machine, as pods reach it: webhook receivers listen here. */
  readonly hostAddress: string;
  /** A name for it that pods can resolve. */
  readonly hostName: string;
  /** Makes images of the private Docker engine known to all nodes. */
  loadImages(...names: string[]): Promise<void>;
  /** A claim, in `namespace` or "default", whose files lie on this machine too. */
  createMediaVolume(name: string, options?: { namespace?: string }): Promise<MediaVolume>;
  /**
   * Leaves the cluster. The last one to leave ends it and the engine that built its images, unless it is to be kept: see
   * `ClusterOptions.keep`.
   */
  stop(): Promise<void>;
}

/**
 * `native` makes a cluster on this machine. `existing` uses the one of KUBECONFIG: its nodes must see the images,
 * the folder MEDIAJOB_TEST_HOST_PATH and the address MEDIAJOB_TEST_HOST_ADDRESS.
 */
export type Provider = "native" | "existing";

export interface ClusterOptions extends InstallOptions {
  /** Default: MEDIAJOB_TEST_CLUSTER, else `native`. */
  readonly provider?: Provider;
  /** The cluster runs on when all have left it, for the next test run. Default: MEDIAJOB_KEEP_CLUSTER=1. */
  readonly keep?: boolean;
}

/**
 * Gives a healthy cluster, starting one if need be: some 10 s, and some 10 minutes the very first time, when its
 * programs are built. One that cannot be had is an error, never a reason to skip.
 */
export async function ensureCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const provider = options.provider ?? parseProvider(process.env.MEDIAJOB_TEST_CLUSTER);
  if (provider === "existing") return existingCluster(await binaries("kubectl", "helm"));
  const directory = nativeClusterDirectory();
  const { kubeconfig, leave } = await withClusterLock(async () => {
    const started = await startNativeCluster(options);
    if (options.keep ?? process.env.MEDIAJOB_KEEP_CLUSTER === "1") keep(directory);
    return { ...started, leave: enter(directory) };
  });
  const { kubectl, helm } = await binaries("kubectl", "helm");
  const kubectlOfCluster = kubectlFor(kubectl, kubeconfig);
  return {
    provider,
    kubeconfig,
    kubectl: kubectlOfCluster,
    helm: helmFor(helm, kubeconfig),
    hostAddress: layout.hostAddress,
    hostName: layout.hostName,
    loadImages: (...names) => loadImages(names, options),
    createMediaVolume: (name, place = {}) =>
      createMediaVolume(kubectlOfCluster, name, { ...place, directory: mediaDirectory() }),
    stop: () =>
      withClusterLock(async () => {
        leave();
        if (isAbandoned(directory)) await Promise.all([stopNativeCluster(), stopDocker()]);
      }),
  };
}

/** Asks what has to be asked, installs and builds: `ensureCluster` does it too, but may then run beside other work. */
export async function prepareCluster(options: ClusterOptions = {}): Promise<void> {
  const provider = options.provider ?? parseProvider(process.env.MEDIAJOB_TEST_CLUSTER);
  if (provider === "existing") await binaries("kubectl", "helm");
  else await withClusterLock(() => prepareNativeCluster(options));
}

/** One start or stop at a time: two test runs that begin together share what the first one starts. */
export async function withClusterLock<T>(work: () => Promise<T>): Promise<T> {
  return await withLock(stateDirectory("cluster.lock"), work, (pid) =>
    console.error(`Waiting for process ${pid}, which starts or stops the cluster …`),
  );
}

export function parseProvider(name: string | undefined): Provider {
  if (name === undefined || name === "" || name === "native") return "native";
  if (name === "existing") return name;
  throw new Error(`MEDIAJOB_TEST_CLUSTER (or --provider) is "native" or "existing", not "${name}"`);
}

function existingCluster(programs: { kubectl: string; helm: string }): Cluster {
  const kubeconfig = fromEnvironment("KUBECONFIG", "the path of the cluster's kubeconfig");
  const kubectl = kubectlFor(programs.kubectl, kubeconfig);
  const hostAddress = () =>
    fromEnvironment("MEDIAJOB_TEST_HOST_ADDRESS", "this machine's address, as the cluster's pods reach it");
  return {
    provider: "existing",
    kubeconfig,
    kubectl,
    helm: helmFor(programs.helm, kubeconfig),
    get hostAddress() {
      return hostAddress();
    },
    get hostName() {
      return hostAddress();
    },
    loadImages: async () => {}, // how nodes get images is known to whoever made them
    createMediaVolume: (name, place = {}) =>
      createMediaVolume(kubectl, name, {
        ...place,
        directory: fromEnvironment(
          "MEDIAJOB_TEST_HOST_PATH",
          "a folder that this machine and all nodes share",
        ),
      }),
    stop: async () => {},
  };
}

function helmFor(binary: string, kubeconfig: string): Cluster["helm"] {
  const run = boundTo(binary, kubeconfig);
  return (...args) => run(args);
}

function mediaDirectory(): string {
  const directory = dataDirectory("media");
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  return directory;
}

function fromEnvironment(name: string, meaning: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`MEDIAJOB_TEST_CLUSTER=existing needs ${name}: ${meaning}`);
}
