import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { LocalView } from "./local-shell.ts";

/** Shows how units come along, on standard error, so that standard output stays the result's. */
export interface ProgressDisplay {
  show(view: LocalView): void;
  stop(): void;
}

/** Bars on a terminal, plain lines elsewhere, and where a terminal does not tell its size, as some of CI's do not. */
export const progressDisplay = (stream: NodeJS.WriteStream): ProgressDisplay =>
  stream.isTTY && stream.columns > 0 && stream.rows > 0 ? new Bars(stream) : new Lines(stream);

interface UnitLine {
  /** Of the attempt: a unit may have several, one after another. */
  key: string;
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
    const sources = unit.sources.flatMap((index) => job.spec.sources[index]?.name ?? []);
    const outputs = unit.outputs.flatMap((index) => job.spec.outputs[index]?.name ?? []);
    const running = attempt.state === "Active" || attempt.state === "Ending";
    const again = attempt.attempt > 1 ? ` (attempt ${attempt.attempt})` : "";
    return [
      {
        key: attempt.name,
        name: unit.name,
        what: `${[sources, outputs].map(someOf).filter(Boolean).join(" → ")}${again}`,
        percent: attempt.state === "Succeeded" ? 100 : Math.floor((report?.fraction ?? 0) * 100),
        state: running ? (report?.stage ?? "starting") : attempt.state === "Succeeded" ? "done" : "failed",
      },
    ];
  });
}

/** The first names; a unit may have hundreds of sources. */
function someOf(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return more > 1 ? `${names.slice(0, NAMES_SHOWN).join(", ")} and ${more} more` : names.join(", ");
}

const hasEnded = ({ state }: UnitLine): boolean => state === "done" || state === "failed";

const NAMES_SHOWN = 4;
const BAR_SIZE = 24;

/** A bar for each unit that runs; those that have ended scroll up as lines, so that no terminal is too low. */
class Bars implements ProgressDisplay {
  readonly #bars: MultiBar;
  readonly #stream: NodeJS.WriteStream;
  readonly #barOf = new Map<string, SingleBar>();
  readonly #ended = new Set<string>();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#bars = new MultiBar(
      {
        format: "{name} {bar} {percentage}%  {state}  {what}",
        hideCursor: true,
        // lines that are written above move every bar
        forceRedraw: true,
        stream,
        barsize: BAR_SIZE,
        autopadding: true,
      },
      Presets.shades_classic,
    );
  }

  show(view: LocalView): void {
    const width = Math.max(...view.plan.units.map(({ name }) => name.length));
    const lines = linesOf(view);
    const padded = (line: UnitLine) => ({
      ...line,
      name: line.name.padEnd(width),
      state: line.state.padEnd(20),
    });
    for (const line of lines.filter(hasEnded)) this.#end(padded(line));
    for (const line of lines.filter((line) => !hasEnded(line))) this.#draw(padded(line));
  }

  stop(): void {
    this.#bars.stop();
  }

  /** What its bar showed last, for good. */
  #end({ key, name, percent, state, what }: UnitLine): void {
    if (this.#ended.has(key)) return;
    this.#ended.add(key);
    const full = Math.round((percent / 100) * BAR_SIZE);
    const { barCompleteChar, barIncompleteChar } = Presets.shades_classic;
    const bar = barCompleteChar.repeat(full) + barIncompleteChar.repeat(BAR_SIZE - full);
    const line = `${name} ${bar} ${`${percent}%`.padStart(4)}  ${state}  ${what}`;
    this.#bars.log(`${line.slice(0, this.#stream.columns)}\n`);
    const ended = this.#barOf.get(key);
    this.#barOf.delete(key);
    if (ended) this.#bars.remove(ended);
    else this.#bars.update();
  }

  #draw({ key, percent, ...shown }: UnitLine): void {
    const bar = this.#barOf.get(key);
    if (bar) bar.update(percent, shown);
    else if (this.#barOf.size < this.#stream.rows - 2)
      this.#barOf.set(key, this.#bars.create(100, percent, shown));
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
    for (const line of linesOf(view)) {
      const { name, what, percent, state } = line;
      const mark = hasEnded(line) ? state : `${Math.floor(percent / 25) * 25}%`;
      if (this.#last.get(name) === mark) continue;
      this.#last.set(name, mark);
      this.#stream.write(`${name}  ${mark.padEnd(6)}  ${what}\n`);
    }
  }

  stop(): void {}
}
