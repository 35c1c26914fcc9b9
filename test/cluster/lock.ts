import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";

/**
 * Runs `work` while no other process holds the same lock file. A lock whose holder has died is taken over, so an
 * aborted run never blocks the next one.
 *
 * @param onWait is told once, when another process holds the lock
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait?: (holderPid: number) => void,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!take(path)) {
    const holder = readHolder(path);
    if (holder && isAlive(holder)) {
      if (!told) onWait?.(holder.pid);
      told = true;
      await sleep(200);
    } else {
      rmSync(path, { force: true });
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** link(2) makes the file appear with its content already in it, or fails: no reader sees a half-written holder. */
function take(path: string): boolean {
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, JSON.stringify(identify(process.pid)));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readHolder(path: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity;
  } catch {
    return null;
  }
}
