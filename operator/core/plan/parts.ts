import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { mayBeCut, whyInOnePiece } from "../../../crds/outputs/parts.ts";
import type { VideoOutput } from "../../../crds/outputs/video.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import type { Draft } from "./cut.ts";

/**
 * How long a part is: long enough that starting a pod is a small share of it, short enough that losing one loses
 * little and a long film fills many cores.
 */
export const PART_SECONDS = 60;

/** Parts of the longest film; beyond it they get longer. */
const MAX_PARTS = 200;

/**
 * One rendition as it is planned once its source is known: in one piece, or as parts and the unit that joins them.
 * A unit that needs others says so by their order: the join comes right behind its parts.
 */
export function inParts(draft: Draft, { outputs, parallelism }: MediaJobSpec): Draft[] {
  const video = outputs[draft.outputs[0] ?? 0]?.video;
  if (!video) return [draft];
  const choice = chosen(video, draft.facts ?? {}, parallelism);
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

type Choice = { parts: number; partSeconds: number; why: string };

function chosen(video: VideoOutput, { durationSeconds, seekable }: SourceFacts, parallelism: number): Choice {
  const whole = (why: string): Choice => ({ parts: 1, partSeconds: durationSeconds ?? 0, why });
  const reason = whyInOnePiece(video);
  if (reason !== undefined || !mayBeCut(video)) return whole(`in one piece: ${reason}`);
  if (parallelism < 2) return whole("in one piece: spec.parallelism lets no two parts run at once");
  if (durationSeconds === undefined) return whole("in one piece: how long the source is is not known");
  if (seekable === 0) return whole("in one piece: its container does not say where its frames are");
  const partSeconds = partSecondsOf(video, durationSeconds);
  const seconds = Math.round(durationSeconds);
  if (durationSeconds <= 2 * partSeconds) return whole(`in one piece: ${seconds} s, not more than 2 parts`);
  const parts = Math.round(durationSeconds / partSeconds);
  return { parts, partSeconds, why: `in ${parts} parts of ${partSeconds} s, at once: ${seconds} s` };
}

/** A multiple of the distance of keyframes, so that they stand where one run would have put them. */
function partSecondsOf({ keyframeIntervalSeconds = 1 }: VideoOutput, durationSeconds: number): number {
  const atLeast = Math.max(PART_SECONDS, durationSeconds / MAX_PARTS);
  return Math.ceil(atLeast / keyframeIntervalSeconds) * keyframeIntervalSeconds;
}

/**
 * Up to which length of its source a rendition is made in one piece in any case; undefined where it always is. It
 * follows from fields that never change alone, so that whoever plans later knows the same.
 */
export function wholeUpToSeconds(video: VideoOutput): number | undefined {
  const partSeconds = partSecondsOf(video, 0);
  return !mayBeCut(video) ? undefined : 2 * partSeconds;
}

/** What becomes of a rendition once its source is known, for people. */
export function prospectOf(video: VideoOutput, parallelism: number): string {
  const partSeconds = partSecondsOf(video, 0);
  const { parts, why } = chosen(video, { durationSeconds: 3 * partSeconds }, parallelism);
  return parts < 2
    ? why
    : `in parts of ${partSeconds} s, at once, when it is longer than ${2 * partSeconds} s; else in one piece`;
}
