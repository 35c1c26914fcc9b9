import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";

/**
 * Who uses the running cluster, so that the last test run to leave ends it and no run ends it under another. A user
 * that died without leaving counts no more. All below the cluster's directory, gone with it.
 */

/** Enters this process; gives what leaves again. Entering twice is leaving twice. */
export function enter(directory: string): () => void {
  const path = join(usersDirectory(directory), `${randomUUID()}.json`);
  mkdirSync(usersDirectory(directory), { recursive: true });
  writeFileSync(path, JSON.stringify(identify(process.pid)));
  return () => rmSync(path, { force: true });
}

/** Makes the cluster stay until somebody ends it by name. */
export function keep(directory: string): void {
  writeFileSync(join(directory, "keep"), "");
}

/** Whether nobody uses the cluster and nobody asked for it to stay. */
export function isAbandoned(directory: string): boolean {
  return !existsSync(join(directory, "keep")) && !users(directory).some(isAlive);
}

function users(directory: string): ProcessIdentity[] {
  if (!existsSync(usersDirectory(directory))) return [];
  return readdirSync(usersDirectory(directory)).map((name) =>
    JSON.parse(readFileSync(join(usersDirectory(directory), name), "utf8")),
  );
}

function usersDirectory(directory: string): string {
  return join(directory, "users");
}
