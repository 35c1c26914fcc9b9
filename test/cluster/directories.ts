import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * What is costly to make and safe to keep: binaries, the base image, the image store. Outside the checkout, so
 * that every clone shares it; each entry's name carries the version of what it holds.
 */
export function cacheDirectory(...parts: string[]): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "mediajob", ...parts);
}

/**
 * What runs now: processes, sockets, certificates, logs. Root's lies in /run, which a reboot empties together
 * with the processes it speaks of.
 */
export function stateDirectory(...parts: string[]): string {
  const userId = process.getuid?.();
  const root =
    userId === 0 ? "/run/mediajob-test-cluster" : join(tmpdir(), `mediajob-test-cluster-${userId}`);
  return join(root, ...parts);
}

/**
 * What nodes and the Docker engine keep on a real disk: image layers, pod volumes, the media of PersistentVolumes.
 * Not under a home folder, where a non-root pod may not look.
 */
export function dataDirectory(...parts: string[]): string {
  return join("/var/lib/mediajob-test-cluster", ...parts);
}
