import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface ProcessUsage {
  /** Of all its threads, in user and kernel mode. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

/** What a running process has used so far, as Linux counts it. @throws Error when it has ended. */
export function usageOf(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  // proc(5): the command name, field 2, may hold spaces, so fields are counted after its last ")".
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [userTicks, kernelTicks] = [Number(fields[11]), Number(fields[12])];
  const bytes = (field: string) =>
    1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN);
  return {
    cpuSeconds: (userTicks + kernelTicks) / ticksPerSecond(),
    rssBytes: bytes("VmRSS"),
    peakRssBytes: bytes("VmHWM"),
  };
}

/**
 * Processor time of a process, of its children that live and of those that it has waited for; undefined when it is
 * gone. Children of children are counted once they have ended.
 */
export function treeCpuSeconds(pid: number): number | undefined {
  try {
    const ticksOf = (of: string, fields: readonly number[]): number => {
      const stat = readFileSync(`/proc/${of}/stat`, "utf8");
      const values = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields.reduce((sum, field) => sum + Number(values[field]), 0);
    };
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    // proc(5): utime, stime, cutime, cstime
    const all = [`${pid}`, ...children].map((each) => ticksOf(each, [11, 12, 13, 14]));
    return all.reduce((sum, each) => sum + each, 0) / ticksPerSecond();
  } catch {
    return undefined;
  }
}

let ticks: number | undefined;
const ticksPerSecond = (): number => {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
};
