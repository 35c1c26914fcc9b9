import { readdirSync, readFileSync } from "node:fs";
import { identify, type ProcessIdentity } from "./process-identity.ts";

/**
 * The process in a pod whose command line holds `program`, as this machine sees it. The kubelet names the cgroup
 * of a pod after its uid, so no other process of that name is ever found.
 */
export function podProcess(podUid: string, program: string): ProcessIdentity {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (!read(pid, "cgroup").includes(podUid) || !read(pid, "cmdline").includes(program)) continue;
    const process = identify(Number(pid));
    if (process) return process;
  }
  throw new Error(`no process of pod ${podUid} runs ${program}; did it end already?`);
}

/** Empty for a process that has ended meanwhile. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
