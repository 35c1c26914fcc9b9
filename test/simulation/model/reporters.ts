/** Workers that tell the operator how far they are, over a network that loses, repeats and delays. */
import { LABELS } from "../../../crds/group.ts";
import type { ProgressMessage } from "../../../crds/progress.ts";
import type { FaultName } from "../faults.ts";
import type { Prng } from "../prng.ts";
import type { VirtualTime } from "../virtual-time.ts";
import type { Process } from "./kubelet.ts";

interface Reporting {
  readonly time: VirtualTime;
  readonly random: Prng;
  readonly strikes: (fault: FaultName, random: Prng) => boolean;
  readonly runs: (process: Process) => boolean;
  readonly send: (message: ProgressMessage, process: Process) => void;
}

/** Reports of one process until it ends, four or so in all. */
export function reportProgress(process: Process, { time, random, strikes, runs, send }: Reporting): void {
  const { fate, pod, unit, attempt, mediaJob } = process;
  const wholeMs = Number.isFinite(fate.durationMs) ? fate.durationMs : 60_000;
  const name = pod.metadata.labels?.[LABELS.job] ?? "";
  const job = { namespace: pod.metadata.namespace ?? "", name, uid: mediaJob };
  let sequence = 0;
  const report = () => {
    if (!runs(process)) return;
    const elapsedMs = time.nowMs - process.startedAtMs;
    const fraction = Math.min(1, elapsedMs / wholeMs);
    const message = { job, unit, attempt, sequence: sequence++, stage: "encode", fraction };
    if (!strikes("progressLost", random)) {
      const delayMs = strikes("progressLate", random) ? random.skewed(500, 10_000) : random.skewed(1, 20);
      time.after(delayMs, () => send(message, process));
      if (strikes("progressRepeated", random))
        time.after(delayMs + random.skewed(1, 5000), () => send(message, process));
    }
    time.after((wholeMs / 4) * random.between(0.5, 1.5), report);
  };
  time.after((wholeMs / 4) * random.next(), report);
}
