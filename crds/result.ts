import { z } from "zod";
import { FAILURE_CLASSES, FAILURE_REASONS, type FailureClass, type FailureReason } from "./failures.ts";

const classNames = Object.keys(FAILURE_CLASSES) as [FailureClass, ...FailureClass[]];
const reasonNames = Object.keys(FAILURE_REASONS) as [FailureReason, ...FailureReason[]];

/** What Kubernetes keeps of a container's termination message. */
export const TERMINATION_MESSAGE_BYTES = 4096;

export const failure = z.object({
  class: z.enum(classNames),
  reason: z.enum(reasonNames),
  /** For a person: what, where, why, and the way out. */
  message: z.string(),
  source: z.string().optional(),
  output: z.string().optional(),
});
export type Failure = z.output<typeof failure>;

export const madeOutput = z.object({
  source: z.string(),
  output: z.string(),
  /** `Skipped`: a file of that name was there and onConflict is Skip, or it was made by an earlier attempt. */
  phase: z.enum(["Succeeded", "Skipped"]),
  /** Another MediaJob made it, from the same source, spec and engine; it stands with the same bytes. */
  reused: z.boolean().optional(),
  uri: z.string(),
  bytes: z.int().optional(),
  sha256: z.string().optional(),
  format: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  durationSeconds: z.number().optional(),
});
export type MadeOutput = z.output<typeof madeOutput>;

export const warning = z.object({
  source: z.string().optional(),
  output: z.string().optional(),
  reason: z.string(),
  message: z.string(),
});
export type Warning = z.output<typeof warning>;

export const usage = z.object({
  wallSeconds: z.number(),
  cpuSeconds: z.number(),
  peakMemoryBytes: z.int(),
  bytesIn: z.int(),
  bytesOut: z.int(),
});
export type Usage = z.output<typeof usage>;

/** Sources that one unit may probe, so that what it finds fits the termination message beside all else. */
export const PROBED_SOURCES_MAX = 60;

/** What is known of a media file that plans follow from. Unset is unknown. */
const sourceFacts = z.object({
  durationSeconds: z.number().optional(),
  /** As shown: upright, with square pixels. */
  width: z.int().optional(),
  height: z.int().optional(),
  fps: z.number().optional(),
  audioTracks: z.int().optional(),
  bytes: z.int().optional(),
  /** 1 when its container says where its frames are, so that parts of it can be found; 0 when it does not. */
  seekable: z.int().optional(),
  /** 1 when its pictures are PQ or HLG, 0 when they are not. */
  hdr: z.int().optional(),
  /** 1 when its container tells of fields, 0 when of whole frames. */
  interlaced: z.int().optional(),
});
export type SourceFacts = z.output<typeof sourceFacts>;

/** `SourceFacts` as they travel in a result, which is short of room. */
export const FACT_COLUMNS = [
  "durationSeconds",
  "width",
  "height",
  "fps",
  "audioTracks",
  "bytes",
  "seekable",
  "hdr",
  "interlaced",
] as const satisfies readonly (keyof SourceFacts)[];

/**
 * How an attempt ended. The worker leaves it twice: cut to 4096 bytes as the pod's termination message,
 * where it outlives the operator; and in full, with the engines' versions and arguments, as the manifest.
 *
 * An attempt in which something is left to try again exits with that failure's code, and names its source, unless what
 * failed ended the attempt as a whole; one that did all it could do and made at least one output exits 0 and lists what
 * failed for good in `failures`.
 */
export const unitResult = z.object({
  version: z.literal("v1"),
  unit: z.string(),
  attempt: z.int(),
  /** Why the attempt as a whole failed; unset when it exits 0. */
  failure: failure.optional(),
  /** With class memory: what the next attempt needs. */
  needs: z.object({ memoryBytes: z.int() }).optional(),
  /** Of the skipped, `reused` were made by another MediaJob. */
  counts: z.object({
    succeeded: z.int(),
    skipped: z.int(),
    failed: z.int(),
    reused: z.int().optional(),
  }),
  outputs: z.array(madeOutput),
  failures: z.array(failure),
  /** Indexes into the unit's sources of those that lack an output for good; never shortened. */
  failedSources: z.array(z.int()),
  warnings: z.array(warning),
  /** True when lists were shortened to fit the termination message; `counts` are always whole. */
  truncated: z.boolean().optional(),
  usage,
  /**
   * Of a unit that probes, or left its source to parts: for each of its sources what it found, in the order of
   * `FACT_COLUMNS`; null is unknown, and so is what a worker of another version leaves out.
   */
  facts: z.array(z.array(z.number().nullable()).max(32)).optional(),
  /** uri of the MediaJob's report, from the unit that wrote it. */
  reportUri: z.string().optional(),
  /** uri of the full manifest at the destination. */
  manifestUri: z.string().optional(),
});
export type UnitResult = z.output<typeof unitResult>;

/** What failed in an attempt. What ended it as a whole comes first, unless that only sums up what is listed. */
export function allFailures(ended: Failure | undefined, listed: readonly Failure[]): Failure[] {
  const sumsUp = listed.some(
    ({ reason, source, output }) =>
      reason === ended?.reason && source === ended.source && output === ended.output,
  );
  return ended && !sumsUp ? [ended, ...listed] : [...listed];
}
