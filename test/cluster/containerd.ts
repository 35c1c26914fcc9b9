import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, succeeds } from "./command.ts";
import type { CommandLine } from "./fan-out.ts";
import { networkPluginDirectory } from "./packages.ts";
import { identify, signal } from "./process-identity.ts";
import { assertAlive, startProcess } from "./process-registry.ts";
import { until } from "./until.ts";

export interface ContainerdPlace {
  /** Under which it is on record. */
  readonly name: string;
  /** The cluster's, with the records. */
  readonly registry: string;
  /** Images and layers: kept between starts, as filling it costs more than anything else. */
  readonly root: string;
  /** Sockets, running containers, their network namespaces. */
  readonly state: string;
}

/** What makes a containerd serve a kubelet. */
export interface KubernetesRuntime {
  readonly sandboxImage: string;
  readonly networkConfiguration: string;
}

export function containerdSocket(place: ContainerdPlace): string {
  return join(place.state, "containerd.sock");
}

/** Starts a containerd of its own: root, state and socket are nobody else's. */
export async function startContainerd(
  place: ContainerdPlace,
  options: { readonly kubernetes?: KubernetesRuntime; readonly through?: readonly string[] } = {},
): Promise<void> {
  mkdirSync(place.root, { recursive: true });
  mkdirSync(place.state, { recursive: true });
  const configuration = join(place.state, "config.toml");
  writeFileSync(configuration, containerdConfiguration(place, options.kubernetes));
  const [file = "containerd", ...args] = [
    ...(options.through ?? []),
    "containerd",
    "--config",
    configuration,
  ];
  const process = startProcess(place.registry, place.name, [file, ...args]);
  await until(
    place.name,
    async () => {
      assertAlive(process);
      return await succeeds("ctr", ["--address", containerdSocket(place), "version"]);
    },
    { timeoutMs: 30_000 },
  );
}

function containerdConfiguration(place: ContainerdPlace, kubernetes: KubernetesRuntime | undefined): string {
  const text = (value: string) => JSON.stringify(value); // a TOML basic string escapes as JSON does
  const common = `version = 2
root = ${text(place.root)}
state = ${text(join(place.state, "state"))}
${kubernetes ? "" : 'disabled_plugins = ["io.containerd.grpc.v1.cri"]'}

[grpc]
  address = ${text(containerdSocket(place))}

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(join(place.root, "opt"))}
`;
  if (!kubernetes) return common;
  return `${common}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(kubernetes.sandboxImage)}
  # Without CAP_SYS_RESOURCE, as in many a CI container, a sandbox that lowers its OOM score dies at once.
  restrict_oom_score_adj = true
  # Their mounts then lie where the clean-up looks.
  netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${text(networkPluginDirectory())}
  conf_dir = ${text(kubernetes.networkConfiguration)}

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = ${text(join(place.state, "runc"))}
`;
}

/** Runs ctr, containerd's own command, in the namespace that kubelets use. */
export async function ctr(place: ContainerdPlace, ...args: string[]): Promise<string> {
  const [file, ...rest] = ctrCommand(place, ...args);
  return await command(file, rest);
}

export function ctrCommand(place: ContainerdPlace, ...args: string[]): CommandLine {
  return ["ctr", "--address", containerdSocket(place), "--namespace", "k8s.io", ...args];
}

/**
 * Ends and removes every container of a running containerd and leaves its images. With the kubelet gone nobody
 * restarts them. Throws when that containerd does not answer.
 *
 * What ends meanwhile is deleted by its plugin for kubelets, too, and ctr gives up at the first that is gone already: so
 * it is asked until there are none.
 */
export async function removeContainers(place: ContainerdPlace): Promise<void> {
  const list = async (kind: string) =>
    (await ctr(place, kind, "list", "--quiet")).split("\n").filter(Boolean);
  await until(
    `removing the containers of ${place.name}`,
    async () => {
      const tasks = await list("tasks");
      if (tasks.length > 0) await ctr(place, "tasks", "delete", "--force", ...tasks);
      const containers = await list("containers");
      if (containers.length > 0) await ctr(place, "containers", "delete", ...containers);
      return true;
    },
    { timeoutMs: 20_000 },
  );
}

/**
 * Kills the shims of a containerd that has ended: by design they outlive it. A shim is ours when it was started with
 * our socket's address.
 */
export function killShims(place: ContainerdPlace): void {
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const identity = identify(Number(entry));
    if (identity && isShimOf(containerdSocket(place), entry)) signal(identity, "SIGKILL");
  }
}

function isShimOf(socket: string, pid: string): boolean {
  let args: string[];
  try {
    args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return false;
  }
  return /containerd-shim/.test(args[0] ?? "") && args[args.indexOf("-address") + 1] === socket;
}
