import type { MediaJobSpec } from "../../../crds/media-job.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import { type Cutting, cuttingOf } from "../../../crds/outputs/parts.ts";
import type { VideoOutput } from "../../../crds/outputs/video.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import { isHardwareCodec } from "../../../crds/unit.ts";
import type { Draft } from "./cut.ts";
import { costOf, totalOf } from "./video-cost.ts";

/**
 * How long a part is: long enough that starting a pod is a small share of it, short enough that losing one loses
 * little and a long film fills many cores.
 */
export const PART_SECONDS = 60;

/** Parts of the longest film; beyond it they get longer. */
const MAX_PARTS = 200;

/**
 * Where frames are made between frames: a second of 1080p at 120 frames takes one core a minute to a minute and a half,
 * of 4K six, and a part of a minute would outlast the time that a unit has.
 */
const INTERPOLATED = {
  partSeconds: 15,
  /** Longer parts would not end in time. */
  maxParts: 2000,
  /** What a part may take of the time that an attempt has, by the tables: cores may be half as fast. */
  shareOfTimeout: 0.5,
  /** What is read before a part begins, of which frames are made too. */
  leadSeconds: 1,
  /** Where the source is not known yet. */
  largest: { width: 7680, height: 4320, fps: 60 },
};

/**
 * One rendition or stream as it is planned once its source is known: in one piece, or as parts and the unit that joins them.
 * A unit that needs others says so by their order: the join comes right behind its parts.
 */
export function inParts(draft: Draft, spec: MediaJobSpec): Draft[] {
  const output = spec.outputs[draft.outputs[0] ?? 0];
  const cutting = output && cuttingIn(output, spec, draft.facts);
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
  /** Parts are no shorter, but where they are too many they are longer. */
  leastSeconds: number;
  maxParts: number;
  /** Up to how many parts long a source is made in one piece. */
  wholeParts: number;
  /** Parts are worth it one after another too: in one piece a longer source would never be done in time. */
  mustBeCut: boolean;
}

type Limits = Pick<MediaJobSpec, "placement" | "unitTimeoutSeconds">;

/** Parts are encoded in software, since those of two devices may not join: where hardware is a must there are none. */
function cuttingIn(
  output: Output,
  { placement, unitTimeoutSeconds }: Limits,
  facts: SourceFacts = INTERPOLATED.largest,
): Cut | undefined {
  const cutting = cuttingOf(output);
  if (!cutting) return undefined;
  const onlyHardware =
    placement.gpu === "Require" && output.video !== undefined && isHardwareCodec(output.video.codec);
  const whyNot =
    cutting.whyNot ??
    (onlyHardware ? "spec.placement.gpu is Require, and hardware encodes no parts" : undefined);
  const usual: Cut = {
    ...cutting,
    whyNot,
    leastSeconds: PART_SECONDS,
    maxParts: MAX_PARTS,
    wholeParts: 2,
    mustBeCut: false,
  };
  return output.video?.interpolate ? inTime(usual, output.video, { unitTimeoutSeconds, facts }) : usual;
}

/** Parts that end in time, and nothing in one piece that would not: keyframes are closer then where they have to be. */
function inTime(
  usual: Cut,
  video: VideoOutput,
  { unitTimeoutSeconds, facts }: { unitTimeoutSeconds: number; facts: SourceFacts },
): Cut {
  const cost = costOf([video], { ...facts, durationSeconds: 1 });
  const possible =
    (unitTimeoutSeconds * INTERPOLATED.shareOfTimeout) / (cost.serial + totalOf(cost)) -
    INTERPOLATED.leadSeconds;
  const atMost = Math.max(1, Math.min(INTERPOLATED.partSeconds, Math.floor(possible)));
  const stepSeconds = usual.stepSeconds / Math.ceil(usual.stepSeconds / atMost);
  const leastSeconds = stepSeconds * Math.floor(atMost / stepSeconds);
  const { maxParts } = INTERPOLATED;
  return { ...usual, stepSeconds, leastSeconds, maxParts, wholeParts: 1.5, mustBeCut: true };
}

type Choice = { parts: number; partSeconds: number; why: string };

function chosen(cutting: Cut, { durationSeconds, seekable }: SourceFacts, parallelism: number): Choice {
  const whole = (why: string): Choice => ({ parts: 1, partSeconds: durationSeconds ?? 0, why });
  if (cutting.whyNot !== undefined) return whole(`in one piece: ${cutting.whyNot}`);
  if (parallelism < 2 && !cutting.mustBeCut)
    return whole("in one piece: spec.parallelism lets no two parts run at once");
  if (durationSeconds === undefined) return whole("in one piece: how long the source is is not known");
  if (seekable === 0) return whole("in one piece: its container does not say where its frames are");
  const partSeconds = partSecondsOf(cutting, durationSeconds);
  const seconds = Math.round(durationSeconds);
  if (durationSeconds <= cutting.wholeParts * partSeconds) {
    return whole(`in one piece: ${seconds} s, not more than ${cutting.wholeParts} parts`);
  }
  const parts = Math.round(durationSeconds / partSeconds);
  return { parts, partSeconds, why: `in ${parts} parts of ${partSeconds} s, at once: ${seconds} s` };
}

/** A multiple of the distance of keyframes, so that they stand where one run would have put them. */
function partSecondsOf({ stepSeconds, leastSeconds, maxParts }: Cut, durationSeconds: number): number {
  const atLeast = Math.max(leastSeconds, durationSeconds / maxParts);
  return Math.ceil(atLeast / stepSeconds) * stepSeconds;
}

/**
 * Up to which length of its source an output is made in one piece in any case; undefined where it always is. It
 * follows from fields that never change alone, so that whoever plans later knows the same.
 */
export function wholeUpToSeconds(output: Output, spec: Limits): number | undefined {
  const cutting = cuttingIn(output, spec);
  return cutting && cutting.whyNot === undefined ? cutting.wholeParts * partSecondsOf(cutting, 0) : undefined;
}

/** What becomes of an output that is cut once its source is known, for people. */
export function prospectOf(output: Output, spec: Limits & Pick<MediaJobSpec, "parallelism">): string {
  const cutting = cuttingIn(output, spec, {});
  if (!cutting) return "in one piece";
  const { parallelism } = spec;
  const partSeconds = partSecondsOf(cutting, 0);
  const { parts, why } = chosen(cutting, { durationSeconds: 3 * partSeconds }, parallelism);
  const upTo = cutting.wholeParts * partSeconds;
  return parts < 2
    ? why
    : `in parts of ${partSeconds} s, at once, when it is longer than ${upTo} s; else in one piece`;
}
