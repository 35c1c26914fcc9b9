import { FAILURE_CLASSES, type FailureClass } from "../crds/failures.ts";
import type { Failure, MadeOutput, UnitResult, Usage, Warning } from "../crds/result.ts";
import type { Unit } from "../crds/unit.ts";

/** All that is known when an attempt has ended. */
export interface Ledger {
  made: readonly MadeOutput[];
  /** Failures of single sources and outputs. */
  failures: readonly Failure[];
  /** The failure that ended the attempt as a whole, where one did. */
  fatal?: Failure | undefined;
  warnings: readonly Warning[];
  /** What the next attempt needs, where failures told it. */
  neededMemoryBytes?: number | undefined;
}

/**
 * When several failures are left to try again, the one whose remedy is most specific decides: more memory
 * or disk first, since without it the next attempt fails the same way.
 */
const RETRIED_FIRST: readonly FailureClass[] = [
  "disruption",
  "memory",
  "disk",
  "hardware",
  "storage",
  "network",
  "deadline",
  "internal",
];

/** The result of an attempt, and the code to exit with. See the rule in crds/result.ts. */
export function conclude(
  unit: Pick<Unit, "name" | "attempt" | "sources">,
  { made, failures, fatal, warnings, neededMemoryBytes }: Ledger,
  { usage, manifestUri }: { usage: Usage; manifestUri?: string | undefined },
): { result: UnitResult; exitCode: number } {
  const failure = fatal ?? worstRetried(failures) ?? (made.length === 0 ? summed(failures) : undefined);
  const reused = made.filter(({ reused }) => reused).length;
  const result: UnitResult = {
    version: "v1",
    unit: unit.name,
    attempt: unit.attempt,
    ...(failure && { failure }),
    ...(failure?.class === "memory" && neededMemoryBytes && { needs: { memoryBytes: neededMemoryBytes } }),
    counts: {
      succeeded: made.filter(({ phase }) => phase === "Succeeded").length,
      skipped: made.filter(({ phase }) => phase === "Skipped").length,
      failed: failures.length,
      ...(reused > 0 && { reused }),
    },
    outputs: inOrder(unit, made),
    failures: [...failures],
    failedSources: indexesOf(unit, failures),
    warnings: [...warnings],
    usage,
    ...(manifestUri !== undefined && { manifestUri }),
  };
  return { result, exitCode: failure ? FAILURE_CLASSES[failure.class].exitCode : 0 };
}

/** As the sources are listed in the unit; several images are in flight, and which ends first is chance. */
function inOrder({ sources }: Pick<Unit, "sources">, made: readonly MadeOutput[]): MadeOutput[] {
  const places = new Map(sources.map(({ name }, index) => [name, index]));
  const placeOf = ({ source }: MadeOutput) => places.get(source) ?? 0;
  return made.toSorted(
    (a, b) => placeOf(a) - placeOf(b) || compare(a.output, b.output) || compare(a.uri, b.uri),
  );
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function indexesOf({ sources }: Pick<Unit, "sources">, failures: readonly Failure[]): number[] {
  const failed = new Set(failures.map(({ source }) => source));
  return sources.flatMap(({ name }, index) => (failed.has(name) ? [index] : []));
}

function worstRetried(failures: readonly Failure[]): Failure | undefined {
  for (const wanted of RETRIED_FIRST) {
    const found = failures.filter((failure) => failure.class === wanted);
    if (found.length > 0) return summed(found);
  }
  return undefined;
}

/** The first failure, with the number of the others. */
function summed([first, ...others]: readonly Failure[]): Failure | undefined {
  if (!first) return undefined;
  return others.length === 0 ? first : { ...first, message: `${first.message} (and ${others.length} more)` };
}
