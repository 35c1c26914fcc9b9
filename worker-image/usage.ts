import { readFileSync } from "node:fs";
import type { Usage } from "../crds/result.ts";

/** Clock ticks a second in /proc/<pid>/stat, which Linux fixes for user space. */
const TICKS_PER_SECOND = 100;

/** Often enough to see a child's high-water mark shortly before its end. */
const CHILD_SAMPLE_MS = 200;

/** Counts what an attempt consumes: its own and its children's processor time, the peak memory, the bytes. */
export class UsageMeter {
  readonly #startedMs = performance.now();
  readonly #children = new Map<number, number>();
  #peakChildrenBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  bytesIn = 0;
  bytesOut = 0;

  /** Samples a child until it is gone. */
  watchChild(pid: number): void {
    this.#children.set(pid, 0);
    this.#sample();
    this.#timer ??= setInterval(() => this.#sample(), CHILD_SAMPLE_MS).unref();
  }

  read(): Usage {
    this.#sample();
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    return {
      wallSeconds: round((performance.now() - this.#startedMs) / 1000),
      cpuSeconds: round((userCPUTime + systemCPUTime) / 1e6 + processorSeconds("self", CHILDREN)),
      // Not maxRSS where it can be avoided: a process inherits that of the one that started it.
      peakMemoryBytes: (highWaterMark("self") ?? maxRSS * 1024) + this.#peakChildrenBytes,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    };
  }

  /** Processor time up to now, that of living children too. */
  cpuSeconds(): number {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    const living = [...this.#children.keys()].reduce((sum, pid) => sum + processorSeconds(pid, OWN), 0);
    return (userCPUTime + systemCPUTime) / 1e6 + processorSeconds("self", CHILDREN) + living;
  }

  #sample(): void {
    for (const pid of this.#children.keys()) {
      const bytes = highWaterMark(pid);
      if (bytes === undefined) this.#children.delete(pid);
      else this.#children.set(pid, bytes);
    }
    const together = [...this.#children.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.#peakChildrenBytes = Math.max(this.#peakChildrenBytes, together);
    if (this.#children.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}

/** Peak resident memory of a live process, from the kernel; undefined when it is gone. */
function highWaterMark(pid: number | "self"): number | undefined {
  const [, kib] = readProc(`/proc/${pid}/status`)?.match(/^VmHWM:\s+([0-9]+) kB$/m) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

/** Places of user and system time in proc(5)'s stat, counted from its third field: fields 14 and 15, 16 and 17. */
const OWN = [11, 12] as const;
/** Of children that have been waited for. */
const CHILDREN = [13, 14] as const;

function processorSeconds(pid: number | "self", [user, system]: readonly [number, number]): number {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return 0;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // the name may hold spaces
  return (Number(fields[user]) + Number(fields[system])) / TICKS_PER_SECOND;
}

/** /proc is Linux's own; elsewhere (`mediajob run` on a laptop) the children are not counted. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const round = (seconds: number) => Math.round(seconds * 1000) / 1000;
