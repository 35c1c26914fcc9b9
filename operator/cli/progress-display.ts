import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { LocalView } from "./local-shell.ts";

/** Shows how units come along, on standard error, so that standard output stays the result's. */
export interface ProgressDisplay {
  show(view: LocalView): void;
  stop(): void;
}

/** Bars on a terminal, plain lines elsewhere. */
export const progressDisplay = (stream: NodeJS.WriteStream): ProgressDisplay =>
  stream.isTTY ? new Bars(stream) : new Lines(stream);

interface UnitLine {
  name: string;
  what: string;
  percent: number;
  state: string;
}

/** What a person reads of each unit that has begun. */
function linesOf({ job, plan, progress, attempts }: LocalView): UnitLine[] {
  return plan.units.flatMap((unit): UnitLine[] => {
    const attempt = attempts.filter(({ unit: name }) => name === unit.name).at(-1);
    if (!attempt) return [];
    const said = progress.get(unit.name);
    const report = said?.attempt === attempt.attempt ? said : undefined;
    const sources = unit.sources.map((index) => job.spec.sources[index]?.name);
    const outputs = unit.outputs.map((index) => job.spec.outputs[index]?.name);
    const running = attempt.state === "Active" || attempt.state === "Ending";
    const again = attempt.attempt > 1 ? ` (attempt ${attempt.attempt})` : "";
    return [
      {
        name: unit.name,
        what: `${[sources, outputs]
          .map((names) => names.join(", "))
          .filter(Boolean)
          .join(" → ")}${again}`,
        percent: attempt.state === "Succeeded" ? 100 : Math.floor((report?.fraction ?? 0) * 100),
        state: running ? (report?.stage ?? "starting") : attempt.state === "Succeeded" ? "done" : "failed",
      },
    ];
  });
}

class Bars implements ProgressDisplay {
  readonly #bars: MultiBar;
  readonly #barOf = new Map<string, SingleBar>();

  constructor(stream: NodeJS.WriteStream) {
    this.#bars = new MultiBar(
      {
        format: "{name} {bar} {percentage}%  {state}  {what}",
        hideCursor: true,
        stream,
        barsize: 24,
        autopadding: true,
      },
      Presets.shades_classic,
    );
  }

  show(view: LocalView): void {
    const lines = linesOf(view);
    const width = Math.max(...view.plan.units.map(({ name }) => name.length));
    for (const { name, what, percent, state } of lines) {
      const shown = { name: name.padEnd(width), what, state: state.padEnd(20) };
      const bar = this.#barOf.get(name);
      if (bar) bar.update(percent, shown);
      else this.#barOf.set(name, this.#bars.create(100, percent, shown));
    }
  }

  stop(): void {
    this.#bars.stop();
  }
}

/** A line when a unit starts, at each quarter, and when it ends. */
class Lines implements ProgressDisplay {
  readonly #stream: NodeJS.WritableStream;
  readonly #last = new Map<string, string>();

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  show(view: LocalView): void {
    for (const { name, what, percent, state } of linesOf(view)) {
      const ended = state === "done" || state === "failed";
      const mark = ended ? state : `${Math.floor(percent / 25) * 25}%`;
      if (this.#last.get(name) === mark) continue;
      this.#last.set(name, mark);
      this.#stream.write(`${name}  ${mark.padEnd(6)}  ${what}\n`);
    }
  }

  stop(): void {}
}
