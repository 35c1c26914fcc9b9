import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, type ApiServerOptions, startEtcdAndApiServer } from "./api-server.ts";
import { binaries } from "./binaries.ts";
import { startControllerManager } from "./controllers.ts";
import { stateDirectory } from "./directories.ts";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";
import { stopProcesses } from "./process-registry.ts";

export interface StandaloneApiServer extends ApiServer {
  /** Holds its files and, below logs/, what it said. Gone after `stop`. */
  readonly directory: string;
  readonly kubectl: Kubectl;
  stop(): Promise<void>;
}

export interface StandaloneOptions extends Pick<ApiServerOptions, "extraArguments"> {
  /**
   * Runs kube-controller-manager too: Jobs then make pods, which stay Pending as there are no nodes, and deleting an
   * owner deletes what it owns. Default: false.
   */
  readonly controllers?: boolean;
  /** More arguments of kube-controller-manager. */
  readonly controllerArguments?: readonly string[];
  /** The process for which it is started. Default: this one. */
  readonly owner?: number;
}

/**
 * A real kube-apiserver for one test run: its own etcd, any free ports, an empty cluster, ready in about 3 s. Needs
 * Go the first time, root never. It ends with `stop`; should its owner die before that, the next start of one
 * removes it.
 */
export async function startApiServer(options: StandaloneOptions = {}): Promise<StandaloneApiServer> {
  await stopOrphans();
  const { kubectl } = await binaries("kubectl", "etcd", "kube-apiserver");
  mkdirSync(root(), { recursive: true, mode: 0o700 });
  const directory = mkdtempSync(join(root(), "run-"));
  writeFileSync(ownerPath(directory), JSON.stringify(identify(options.owner ?? process.pid)));
  const stop = () => stopApiServer(directory);
  try {
    const apiServer = await startEtcdAndApiServer(directory, {
      ...options,
      extraArguments: [
        // Without controllers nobody makes service accounts, and this plugin would refuse every pod.
        ...(options.controllers ? [] : ["--disable-admission-plugins=ServiceAccount"]),
        ...(options.extraArguments ?? []),
      ],
    });
    if (options.controllers) await startControllerManager(directory, apiServer, options.controllerArguments);
    return { ...apiServer, directory, kubectl: kubectlFor(kubectl, apiServer.kubeconfig), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ends the one of a directory. */
export async function stopApiServer(directory: string): Promise<void> {
  await stopProcesses(directory, { graceMs: 2000 });
  rmSync(directory, { recursive: true, force: true });
}

/** Ends the API servers whose test run has died. Those of living ones stay. */
export async function stopOrphans(): Promise<void> {
  for (const directory of listRuns()) {
    const owner = readOwner(directory);
    if (!owner || isAlive(owner)) continue;
    await stopApiServer(directory);
  }
}

function root(): string {
  return stateDirectory("api-servers");
}

function ownerPath(directory: string): string {
  return join(directory, "owner.json");
}

function listRuns(): string[] {
  try {
    return readdirSync(root()).map((name) => join(root(), name));
  } catch {
    return [];
  }
}

/** Null for a run that has made its directory but not yet written its name into it. */
function readOwner(directory: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(ownerPath(directory), "utf8")) as ProcessIdentity;
  } catch {
    return null;
  }
}
