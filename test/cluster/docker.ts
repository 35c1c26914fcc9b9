import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type CommandOptions, command, succeeds } from "./command.ts";
import { type ContainerdPlace, containerdSocket, killShims, startContainerd } from "./containerd.ts";
import { dataDirectory, stateDirectory } from "./directories.ts";
import type { CommandLine } from "./fan-out.ts";
import { withLock } from "./lock.ts";
import { unmountBelow } from "./mounts.ts";
import { clusterRequirements, findProgram, type InstallOptions, installPackages } from "./packages.ts";
import { isAlive } from "./process-identity.ts";
import { assertAlive, recordedProcesses, startProcess, stopProcesses } from "./process-registry.ts";
import { until } from "./until.ts";

/** Runs the docker command against the private engine. */
export type Docker = (args: readonly string[], options?: CommandOptions) => Promise<string>;

/**
 * Starts a Docker engine of our own, or gives the running one. It builds images and runs no service: it has no
 * bridge and touches no iptables rule, so containers that need a network get `--network host`.
 *
 * Images and build cache stay on disk when it stops.
 */
export async function startDocker(options: InstallOptions = {}): Promise<Docker> {
  await installPackages(clusterRequirements, options);
  await withLock(stateDirectory("docker.lock"), async () => {
    if (await isRunning()) return;
    await removeDocker();
    mkdirSync(engineDirectory(), { recursive: true });
    await startContainerd(containerdPlace());
    const process = startProcess(engineDirectory(), "dockerd", [
      findProgram("dockerd") ?? "dockerd",
      ...["--host", dockerHost(), "--group", "root", "--containerd", containerdSocket(containerdPlace())],
      ...["--data-root", dataDirectory("docker", "data"), "--exec-root", join(engineDirectory(), "exec")],
      ...["--pidfile", join(engineDirectory(), "dockerd.pid")],
      ...["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"],
    ]);
    await until(
      "dockerd",
      async () => {
        assertAlive(process);
        return await isAnswering();
      },
      { timeoutMs: 60_000 },
    );
  });
  return docker;
}

/** Ends the engine and whatever ran in it. Without one it does nothing. */
export async function stopDocker(): Promise<void> {
  await withLock(stateDirectory("docker.lock"), removeDocker);
}

/** For DOCKER_HOST. */
function dockerHost(): string {
  return `unix://${join(engineDirectory(), "docker.sock")}`;
}

export function describeDocker(): string[] {
  const processes = recordedProcesses(engineDirectory());
  if (processes.length === 0) return ["The private Docker engine is down."];
  return [
    `The private Docker engine is up: DOCKER_HOST=${dockerHost()}`,
    ...processes.map(
      (one) => `  ${isAlive(one) ? "runs " : "ENDED"} ${one.name} (pid ${one.pid}, log ${one.log})`,
    ),
  ];
}

const docker: Docker = (args, options = {}) =>
  command(client(), args, {
    ...options,
    // BuildKit is part of this engine; a newer client would want a plugin for it.
    env: { DOCKER_HOST: dockerHost(), DOCKER_BUILDKIT: "1", ...options.env },
  });

/** For pipes; everything else goes through `Docker`. */
export function dockerCommand(...args: string[]): CommandLine {
  return [client(), "--host", dockerHost(), ...args];
}

/** The client that came with the engine, not another on the PATH, which may be years apart. */
function client(): string {
  return existsSync("/usr/bin/docker") ? "/usr/bin/docker" : "docker";
}

async function isRunning(): Promise<boolean> {
  const processes = recordedProcesses(engineDirectory());
  return processes.length > 0 && processes.every(isAlive) && (await isAnswering());
}

async function isAnswering(): Promise<boolean> {
  return await succeeds(client(), ["--host", dockerHost(), "version"], { timeoutMs: 5000 });
}

async function removeDocker(): Promise<void> {
  await stopProcesses(engineDirectory(), { graceMs: 15_000 });
  killShims(containerdPlace());
  await unmountBelow(engineDirectory());
  await unmountBelow(dataDirectory("docker"));
  rmSync(engineDirectory(), { recursive: true, force: true });
}

function engineDirectory(): string {
  return stateDirectory("docker");
}

function containerdPlace(): ContainerdPlace {
  return {
    name: "docker-containerd",
    registry: engineDirectory(),
    root: dataDirectory("docker", "containerd"),
    state: join(engineDirectory(), "containerd"),
  };
}
