import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { MediaJob } from "../../crds/media-job.ts";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";

/** Shows how MediaJobs in a cluster come along. */
export interface WatchDisplay {
  show(job: MediaJob): void;
  stop(): void;
}

/** A bar for each on a terminal, plain lines elsewhere. */
export const watchDisplay = (stream: NodeJS.WriteStream): WatchDisplay =>
  stream.isTTY ? new Bars(stream) : new Lines(stream);

/** What a person reads of a MediaJob; texts that come from workers are shown without control characters. */
export function viewOf({ metadata, status = {} }: MediaJob) {
  const { phase = "Pending", progress, units, queue } = status;
  const waits = queue && `${queue.reason}${queue.position === undefined ? "" : `, place ${queue.position}`}`;
  const running = phase === "Running" || phase === "Planning" || phase === "Queued";
  return {
    name: metadata.name,
    phase,
    percent: Math.floor(progress?.percent ?? 0),
    stage: (running && (progress?.stage ?? waits ?? "").replace(/\p{C}/gu, "")) || "",
    units: units ? `${units.done} units` : "",
    eta: (running && etaOf(progress)) || "",
  };
}

function etaOf({ etaSeconds, etaMaxSeconds }: Partial<NonNullable<MediaJobStatus["progress"]>> = {}): string {
  if (etaSeconds === undefined) return "";
  const latest = etaMaxSeconds === undefined ? "" : ` to ${duration(etaMaxSeconds)}`;
  return `ETA ${duration(etaSeconds)}${latest}`;
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours) return `${hours}h${minutes}m`;
  return minutes ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}

class Bars implements WatchDisplay {
  readonly #bars: MultiBar;
  readonly #barOf = new Map<string, SingleBar>();

  constructor(stream: NodeJS.WriteStream) {
    const format = "{name} {bar} {percentage}%  {phase}  {units}  {eta}  {stage}";
    this.#bars = new MultiBar(
      { format, hideCursor: true, stream, barsize: 24, autopadding: true },
      Presets.shades_classic,
    );
  }

  show(job: MediaJob): void {
    const { percent, ...shown } = viewOf(job);
    const bar = this.#barOf.get(shown.name);
    if (bar) bar.update(percent, shown);
    else this.#barOf.set(shown.name, this.#bars.create(100, percent, shown));
  }

  stop(): void {
    this.#bars.stop();
  }
}

/** A line when the phase, the stage or the number of units that are done changes, and at each tenth. */
class Lines implements WatchDisplay {
  readonly #stream: NodeJS.WritableStream;
  readonly #last = new Map<string, string>();

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  show(job: MediaJob): void {
    const { name, phase, percent, stage, units, eta } = viewOf(job);
    const mark = [phase, Math.floor(percent / 10), stage, units].join();
    if (this.#last.get(name) === mark) return;
    this.#last.set(name, mark);
    const parts = [name, phase, `${percent}%`, units, eta, stage].filter(Boolean);
    this.#stream.write(`${parts.join("  ")}\n`);
  }

  stop(): void {}
}
