import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import { type Cutting, cuttingOf } from "../../../crds/outputs/parts.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import { isHardwareCodec } from "../../../crds/unit.ts";
import type { Draft } from "./cut.ts";

/**
 * How long a part is: long enough that starting a pod is a small share of it, short enough that losing one loses
 * little and a long film fills many cores.
 */
export const PART_SECONDS = 60;

/**
 * Where frames are made between frames: a second of 1080p at 120 frames takes one core a minute to a minute and a half,
 * and a part of a minute would outlast the time that a unit has.
 */
const INTERPOLATED_PART_SECONDS = 15;

/** Parts of the longest film; beyond it they get longer. */
const MAX_PARTS = 200;

/**
 * One rendition or stream as it is planned once its source is known: in one piece, or as parts and the unit that joins them.
 * A unit that needs others says so by their order: the join comes right behind its parts.
 */
export function inParts(draft: Draft, spec: MediaJobSpec): Draft[] {
  const output = spec.outputs[draft.outputs[0] ?? 0];
  const cutting = output && cuttingIn(output, spec);
  if (!cutting) return [draft];
  const choice = chosen(cutting, draft.facts ?? {}, spec.parallelism);
  if (choice.parts < 2) return [{ ...draft, why: choice.why }];
  const { parts: count, partSeconds, why } = choice;
  const parts = Array.from(
    { length: count },
    (_, index): Draft => ({
      ...draft,
      part: {
        index,
        count,
        startSeconds: index * partSeconds,
        ...(index < count - 1 && { endSeconds: (index + 1) * partSeconds }),
      },
    }),
  );
  return [...parts, { ...draft, join: { parts: count }, why }];
}

interface Cut extends Cutting {
  /** Parts are no shorter. */
  leastSeconds: number;
}

/** Parts are encoded in software, since those of two devices may not join: where hardware is a must there are none. */
function cuttingIn(output: Output, { placement }: Pick<MediaJobSpec, "placement">): Cut | undefined {
  const cutting = cuttingOf(output);
  const onlyHardware =
    placement.gpu === "Require" && output.video !== undefined && isHardwareCodec(output.video.codec);
  const { whyNot = "spec.placement.gpu is Require, and hardware encodes no parts" } = cutting ?? {};
  const leastSeconds = output.video?.interpolate ? INTERPOLATED_PART_SECONDS : PART_SECONDS;
  return cutting && { ...cutting, leastSeconds, ...(onlyHardware && { whyNot }) };
}

type Choice = { parts: number; partSeconds: number; why: string };

function chosen(cutting: Cut, { durationSeconds, seekable }: SourceFacts, parallelism: number): Choice {
  const whole = (why: string): Choice => ({ parts: 1, partSeconds: durationSeconds ?? 0, why });
  if (cutting.whyNot !== undefined) return whole(`in one piece: ${cutting.whyNot}`);
  if (parallelism < 2) return whole("in one piece: spec.parallelism lets no two parts run at once");
  if (durationSeconds === undefined) return whole("in one piece: how long the source is is not known");
  if (seekable === 0) return whole("in one piece: its container does not say where its frames are");
  const partSeconds = partSecondsOf(cutting, durationSeconds);
  const seconds = Math.round(durationSeconds);
  if (durationSeconds <= 2 * partSeconds) return whole(`in one piece: ${seconds} s, not more than 2 parts`);
  const parts = Math.round(durationSeconds / partSeconds);
  return { parts, partSeconds, why: `in ${parts} parts of ${partSeconds} s, at once: ${seconds} s` };
}

/** A multiple of the distance of keyframes, so that they stand where one run would have put them. */
function partSecondsOf({ stepSeconds, leastSeconds }: Cut, durationSeconds: number): number {
  const atLeast = Math.max(leastSeconds, durationSeconds / MAX_PARTS);
  return Math.ceil(atLeast / stepSeconds) * stepSeconds;
}

/**
 * Up to which length of its source an output is made in one piece in any case; undefined where it always is. It
 * follows from fields that never change alone, so that whoever plans later knows the same.
 */
export function wholeUpToSeconds(output: Output, spec: Pick<MediaJobSpec, "placement">): number | undefined {
  const cutting = cuttingIn(output, spec);
  return cutting && cutting.whyNot === undefined ? 2 * partSecondsOf(cutting, 0) : undefined;
}

/** What becomes of an output that is cut once its source is known, for people. */
export function prospectOf(output: Output, spec: Pick<MediaJobSpec, "placement" | "parallelism">): string {
  const cutting = cuttingIn(output, spec);
  if (!cutting) return "in one piece";
  const { parallelism } = spec;
  const partSeconds = partSecondsOf(cutting, 0);
  const { parts, why } = chosen(cutting, { durationSeconds: 3 * partSeconds }, parallelism);
  return parts < 2
    ? why
    : `in parts of ${partSeconds} s, at once, when it is longer than ${2 * partSeconds} s; else in one piece`;
}
