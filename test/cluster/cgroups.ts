import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const mountPoint = "/sys/fs/cgroup";

/**
 * Two kubelets on one kernel each need a cgroup of their own to put pods under; else each kills the other's pods as
 * unknown. With cgroup v1 it must exist in every controller's tree.
 */
export function createCgroup(name: string): void {
  for (const root of hierarchies()) {
    const path = join(root, name);
    mkdirSync(path, { recursive: true });
    // A v1 cpuset starts empty and then admits no process; children inherit ours at their creation only if told.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      if (existsSync(join(path, file)) && isVersion1()) copyFile(join(dirname(path), file), join(path, file));
    }
    if (!isVersion1()) delegate(root, path);
  }
}

/** Every process in the cgroup and below it. */
function cgroupProcesses(name: string): number[] {
  const pids = everyTree()
    .flatMap((root) => descendants(join(root, name)))
    .flatMap((path) =>
      readFileSync(join(path, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number),
    );
  return [...new Set(pids)];
}

/** Kills what runs in the cgroup, then removes it. All of it is ours: the name is the cluster's own. */
export async function removeCgroup(name: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const pids = cgroupProcesses(name);
    for (const pid of pids) kill(pid);
    if (pids.length === 0 && removeTrees(name)) return;
    await sleep(50); // a killed process leaves its cgroup only when it is reaped
  }
  throw new Error(
    `The cgroup ${name} cannot be removed; these processes are still in it: ${cgroupProcesses(name).join(", ") || "none"}`,
  );
}

function removeTrees(name: string): boolean {
  const paths = everyTree().flatMap((root) => descendants(join(root, name)));
  try {
    for (const path of paths.reverse()) rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself
  }
}

function isVersion1(): boolean {
  return !existsSync(join(mountPoint, "cgroup.controllers"));
}

/** The roots of the trees that have controllers: one under v2; under v1 one per controller. */
function hierarchies(): string[] {
  return everyTree().filter((root) => !root.endsWith("/unified"));
}

/** All roots. In a hybrid setup that is also v2's tree, `unified`, where runc makes a cgroup for each container. */
function everyTree(): string[] {
  if (!isVersion1()) return [mountPoint];
  return readdirSync(mountPoint, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(mountPoint, entry.name, "cgroup.procs")))
    .map((entry) => join(mountPoint, entry.name));
}

/** A cgroup and everything below it, parents first. */
function descendants(path: string): string[] {
  if (!existsSync(path)) return [];
  const children = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [path, ...children.flatMap((entry) => descendants(join(path, entry.name)))];
}

function copyFile(from: string, to: string): void {
  writeFileSync(to, readFileSync(from, "utf8").trim());
}

/** cgroup v2: a child has only the controllers that its parent hands down. */
function delegate(parent: string, child: string): void {
  const controllers = readFileSync(join(parent, "cgroup.controllers"), "utf8").trim().split(" ");
  for (const path of [parent, child]) {
    for (const controller of controllers) {
      try {
        writeFileSync(join(path, "cgroup.subtree_control"), `+${controller}`);
      } catch {
        // a controller that cannot be delegated is missed by the kubelet by name, if it needs it
      }
    }
  }
}
