import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join, relative, resolve } from "node:path";
import { plainTable } from "../../operator/cli/plain-table.ts";

/** One number of a benchmark beside what it should be. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Unset for a number that is only to be known, such as a contender's. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
  /** Every run's number, when `value` is their median. */
  readonly runs?: readonly number[];
}

const repository = resolve(import.meta.dirname, "../..");

/**
 * Prints the measurements as a table and leaves them in `bench-results/NAME.json`, which git ignores. The load
 * averages of the machine, at the start and at the end of the benchmark, stand beside them: a number from a machine
 * that did something else as well is worth less, and a ratio of contenders of one run is worth more.
 */
export function report(
  name: string,
  measurements: readonly Measurement[],
  { loadBefore, notes = [] }: { loadBefore: readonly number[]; notes?: readonly string[] },
): void {
  const whole = new Report(name, { loadBefore, notes });
  whole.keep("all", measurements);
  whole.end();
}

/**
 * A report that is written as it comes: a benchmark that is stopped in its third hour has left what it measured in the
 * first two.
 */
export class Report {
  readonly #name: string;
  readonly #loadBefore: readonly number[];
  readonly #notes: readonly string[];
  readonly #parts = new Map<string, readonly Measurement[]>();

  constructor(
    name: string,
    { loadBefore, notes = [] }: { loadBefore: readonly number[]; notes?: readonly string[] },
  ) {
    this.#name = name;
    this.#loadBefore = loadBefore;
    this.#notes = notes;
  }

  /** Takes what a part of the benchmark has measured so far, in place of what it had before. */
  keep(part: string, measurements: readonly Measurement[]): void {
    this.#parts.set(part, measurements);
    this.#write();
  }

  /** Prints all of it. */
  end(): void {
    console.log(
      plainTable(
        ["MEASURED", "VALUE", "UNIT", "TARGET", "MET", "RUNS"],
        this.#results().map(({ name, value, unit, target, met, runs }) => [
          name,
          String(value),
          unit,
          target ?? "",
          met === null ? "" : met ? "yes" : "NO",
          runs?.join(" ") ?? "",
        ]),
      ),
    );
    for (const note of this.#notes) console.log(note);
    const machine = this.#write();
    console.log(
      `${machine.cpu} × ${machine.cores}, load ${machine.loadBefore.join(" ")} before and ${machine.loadAfter.join(" ")} after; also in ${relative(process.cwd(), this.#path)}`,
    );
  }

  get #path(): string {
    return join(repository, "bench-results", `${this.#name}.json`);
  }

  #results() {
    return [...this.#parts.values()].flat().map(({ target, ...measurement }) => ({
      ...measurement,
      value: rounded(measurement.value),
      ...(measurement.runs && { runs: measurement.runs.map(rounded) }),
      target: target === undefined ? null : "atMost" in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`,
      met: isMet(measurement.value, target),
    }));
  }

  #write() {
    const machine = {
      ...describeMachine(),
      loadBefore: this.#loadBefore.map(rounded),
      loadAfter: load(),
    };
    const text = { machine, commit: commit(), notes: this.#notes, results: this.#results() };
    mkdirSync(join(repository, "bench-results"), { recursive: true });
    writeFileSync(this.#path, `${JSON.stringify(text, null, 2)}\n`);
    return machine;
  }
}

/** The processor queue of the last 1, 5 and 15 minutes. */
export const load = (): number[] => loadavg().map(rounded);

/** @param share 0.5 for the median, 0.99 for what all but one in a hundred are below */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

/** Of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new Error("nothing was measured");
  return (low + high) / 2;
}

function isMet(value: number, target: Measurement["target"]): boolean | null {
  if (target === undefined) return null;
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast;
}

/** Three digits that count; more would claim a precision that a shared machine does not have. */
const rounded = (value: number): number => Number(value.toPrecision(value >= 1000 ? 4 : 3));

function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    at: new Date().toISOString(),
  };
}

/** With `-dirty` when the working tree differs from it; "unknown" outside a checkout. */
function commit(): string {
  const args = ["describe", "--always", "--abbrev=12", "--exclude=*", "--dirty"];
  try {
    return execFileSync("git", args, {
      cwd: repository,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}
