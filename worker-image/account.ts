import type { Diagnostic } from "../crds/report.ts";
import {
  FACT_COLUMNS,
  type Failure,
  type MadeOutput,
  type SourceFacts,
  type UnitResult,
  type Warning,
} from "../crds/result.ts";
import type { Unit } from "../crds/unit.ts";
import { diagnosticOf } from "./diagnostics.ts";
import type { OpenedSource } from "./engine.ts";
import { log } from "./log.ts";
import type { Manifest } from "./manifest.ts";
import { conclude, type Ledger } from "./outcome.ts";
import { UsageMeter } from "./usage.ts";
import { failureOf, type Subject } from "./work-failure.ts";

/** What an attempt ends with. */
export interface Conclusion {
  result: UnitResult;
  exitCode: number;
}

/** All that is known of one attempt: noted while it runs, told in its result and its manifest. It decides nothing. */
export class Account {
  readonly usage = new UsageMeter();
  readonly made: MadeOutput[] = [];
  readonly failures: Failure[] = [];
  readonly opened: OpenedSource[] = [];
  /** Of the engine: arguments and measurements. */
  readonly records: Record<string, unknown>[] = [];
  /** What was found of the sources, where that is all that the unit has to tell. */
  facts: readonly SourceFacts[] | undefined;
  /** The engine's, once it is loaded. */
  versions: Record<string, string> = {};
  readonly #unit: Unit;
  readonly #warnings: Warning[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #startTime = now();
  #readyTime: string | undefined;
  #fatal: Failure | undefined;
  #neededMemoryBytes: number | undefined;

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  /** What comes before is start-up. */
  isReady(): void {
    this.#readyTime = now();
  }

  warn(warning: Warning): void {
    log.warn(warning, "warned");
    this.#warnings.push(warning);
  }

  /** A source or an output failed, and the attempt goes on. */
  fail(error: unknown, subject: Subject): void {
    const failure = failureOf(error, subject);
    log.error({ ...failure, ...(failure.class === "internal" && { err: error }) }, "failed");
    this.failures.push(failure);
    this.#look(error, failure);
  }

  /** The attempt ended by an error, or because it was stopped while that came about. */
  endedBy(error: unknown, signal: AbortSignal): void {
    const failure = failureOf(signal.aborted ? signal.reason : error);
    log.error({ ...failure, ...(failure.class === "internal" && { err: error }) }, "attempt failed");
    this.#fatal = failure;
    this.#look(error, failure);
  }

  ledger(): Ledger {
    return {
      ...{ made: this.made, failures: this.failures, warnings: this.#warnings },
      ...{ fatal: this.#fatal, neededMemoryBytes: this.#neededMemoryBytes },
    };
  }

  /** @param manifestUri where the manifest is, when there is one */
  conclude(manifestUri?: string): Conclusion {
    const { result, exitCode } = conclude(this.#unit, this.ledger(), {
      usage: this.usage.read(),
      manifestUri,
    });
    return { result: { ...result, ...(this.facts && { facts: this.facts.map(asRow) }) }, exitCode };
  }

  manifest(result: UnitResult): Manifest {
    const { job, sources, outputs, planned, limits, family } = this.#unit;
    return {
      ...result,
      job,
      startTime: this.#startTime,
      ...(this.#readyTime && { readyTime: this.#readyTime }),
      endTime: now(),
      wanted: { sources: namesOf(sources), outputs: namesOf(outputs) },
      ...(planned && { planned }),
      limits,
      engine: { family, versions: this.versions },
      sources: this.opened.map(({ source, bytes, identity }) => ({ name: source.name, bytes, identity })),
      records: this.records,
      diagnostics: this.#diagnostics,
    };
  }

  #look(error: unknown, failure: Failure): void {
    this.#neededMemoryBytes = larger(this.#neededMemoryBytes, error);
    this.#diagnostics.push(...diagnosticOf(error, failure));
  }
}

const now = () => new Date().toISOString();

const asRow = (facts: SourceFacts): (number | null)[] => FACT_COLUMNS.map((column) => facts[column] ?? null);

const namesOf = (items: readonly { name: string }[]): string[] => items.map(({ name }) => name);

/** The larger of what is known and what an error tells. */
function larger(known: number | undefined, error: unknown): number | undefined {
  const told = error instanceof Error && "neededMemoryBytes" in error ? Number(error.neededMemoryBytes) : 0;
  return told > (known ?? 0) ? told : known;
}
