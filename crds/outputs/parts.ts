import type { Output } from "./output.ts";
import { isTwoPass } from "./two-pass.ts";
import type { VideoOutput } from "./video.ts";

/**
 * Which outputs may be made in parts, by units of their own, and joined without encoding again.
 *
 * A part holds the frames whose time in the source, counted from its start, is at or after `startSeconds` and
 * before `endSeconds`: parts that share a boundary share no frame and lose none, whatever the rate. Each begins
 * with a keyframe of a closed group. So boundaries may lie anywhere; at multiples of `keyframeIntervalSeconds`
 * the keyframes are also where one run would have put them.
 *
 * The unit that joins makes the sound, whole, and keeps subtitles, chapters and timecode; it finds the parts
 * by the source, the output and the number of parts, which must be the same in all of these units.
 */
export function cuttingOf({ video, stream }: Pick<Output, "video" | "stream">): Cutting | undefined {
  if (video) return { stepSeconds: video.keyframeIntervalSeconds ?? 1, whyNot: whyInOnePiece(video) };
  // A cap holds over a buffer of two seconds, which begins anew with each part; no player waits for that.
  return stream && { stepSeconds: stream.segmentSeconds, whyNot: undefined };
}

export interface Cutting {
  /** Parts are as long as a multiple of it. */
  stepSeconds: number;
  /** Why it has to be made in one piece; undefined when it may be cut. */
  whyNot: string | undefined;
}

/** Why an output has to be made in one piece, for `mediajob plan`; undefined when it may be cut. */
export function whyInOnePiece(video: VideoOutput): string | undefined {
  return REASONS_AGAINST.find(({ holds }) => holds(video))?.reason;
}

const REASONS_AGAINST: readonly { holds: (video: VideoOutput) => boolean; reason: string }[] = [
  { holds: ({ codec }) => codec === "copy", reason: "codec copy encodes nothing" },
  { holds: ({ cuts }) => (cuts?.length ?? 0) > 0, reason: "cuts are short and have their own order" },
  {
    holds: ({ append, appendSources }) => Boolean(append ?? appendSources),
    reason: "append joins files whose times are not known before",
  },
  { holds: ({ speed }) => (speed ?? 1) !== 1, reason: "speed moves frames across the boundaries" },
  {
    holds: isTwoPass,
    reason: "two passes share the bits out over the whole film",
  },
  {
    holds: ({ maxBitrateKbps }) => maxBitrateKbps !== undefined,
    reason: "maxBitrateKbps holds over a buffer, which two parts would share at their boundary",
  },
];
