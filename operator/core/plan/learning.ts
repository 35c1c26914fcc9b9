import { formatsOf } from "../../../crds/outputs/image.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import type { Usage } from "../../../crds/result.ts";
import type { Estimate } from "./estimate.ts";

/** How far measured work of one class has been from its estimate, as factors. */
export interface Correction {
  seconds: number;
  memory: number;
  /** Measurements taken in. */
  samples: number;
}

/** By class of operation, see `operationClass`. */
export type Corrections = Readonly<Record<string, Correction>>;

/** An exponential average, 0.7 of the old and 0.3 of the new: the last ten units count, an odd one is forgotten. */
const WEIGHT_OF_NEW = 0.3;

/** A measurement further off than this is cut: one odd file must not spoil the class. */
const BOUNDS = { seconds: { least: 0.05, most: 20 }, memory: { least: 0.4, most: 4 } };

/** What is asked for above the average that was measured, lest every other unit be killed. */
const MEMORY_MARGIN = 1.5;

/** Measurements before memory is asked for by them: too little kills, too much only waits. */
const MIN_SAMPLES_FOR_MEMORY = 5;

/** Classes that are remembered; the names are made of words of the API, so there are never many more. */
const MAX_CLASSES = 200;

/** The class of work whose measurements tell of one another: what is encoded how, not from what. */
export function operationClass(outputs: readonly Output[]): string {
  const kinds = outputs.map(({ image, video, ...rest }) => {
    if (image) return `image/${formatsOf(image).toSorted().join(",")}`;
    if (video) return `video/${video.codec}/${video.preset ?? "default"}/${video.height ?? "source"}`;
    return Object.keys(rest).find((key) => key !== "name" && key !== "sources") ?? "other";
  });
  return [...new Set(kinds)].toSorted().join("+").slice(0, 200);
}

/** The corrections after one more unit of a class was measured. */
export function learn(
  corrections: Corrections,
  operation: string,
  { estimate, usage }: { estimate: Pick<Estimate, "seconds" | "memoryBytes">; usage: Usage },
): Corrections {
  const measured = {
    seconds: within(BOUNDS.seconds, usage.wallSeconds / estimate.seconds),
    memory: within(BOUNDS.memory, usage.peakMemoryBytes / estimate.memoryBytes),
  };
  const known = corrections[operation];
  const average = (old: number, measured: number) => old + WEIGHT_OF_NEW * (measured - old);
  const next: Correction = known
    ? {
        seconds: average(known.seconds, measured.seconds),
        memory: average(known.memory, measured.memory),
        samples: known.samples + 1,
      }
    : { ...measured, samples: 1 };
  const { [operation]: _, ...others } = corrections;
  const kept = Object.entries(others).slice(-(MAX_CLASSES - 1)); // the class measured longest ago comes first
  return { ...Object.fromEntries(kept), [operation]: next };
}

/** What two have learned apart: of each class what follows from more measurements, the first's where both have as many. */
export function joined(first: Corrections, second: Corrections): Corrections {
  const more = Object.entries(second).filter(
    ([operation, { samples }]) => samples > (first[operation]?.samples ?? 0),
  );
  return Object.fromEntries(Object.entries({ ...first, ...Object.fromEntries(more) }).slice(-MAX_CLASSES));
}

/** An estimate by the tables, corrected by what was measured. */
export function corrected(estimate: Estimate, correction: Correction | undefined): Estimate {
  if (!correction) return estimate;
  const memory = correction.samples >= MIN_SAMPLES_FOR_MEMORY ? correction.memory * MEMORY_MARGIN : 1;
  const memoryBytes = Math.ceil(estimate.memoryBytes * Math.min(memory, BOUNDS.memory.most));
  return {
    ...estimate,
    seconds: estimate.seconds * correction.seconds,
    memoryBytes,
    ...(memoryBytes > estimate.memoryBytes && { leastMemoryBytes: estimate.memoryBytes }),
  };
}

const within = ({ least, most }: { least: number; most: number }, value: number): number =>
  Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : 1;
