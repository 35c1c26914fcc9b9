import { isTwoPass } from "./two-pass.ts";
import type { VideoOutput } from "./video.ts";

/**
 * Which outputs of one source may be made by one run that decodes it once: those whose pictures go the same way until
 * they are scaled, and that read nothing but the source, once.
 */
export function sharedDecodeKey(video: VideoOutput): string | undefined {
  if (whyDecodedAlone(video) !== undefined) return undefined;
  const { codec, tracks, languages } = video.audio;
  const sound = codec === "none" ? null : [tracks, languages];
  return JSON.stringify([...SAME.map((field) => video[field] ?? null), sound]);
}

/** Why an output has a decode of its own whatever others there are; undefined when it may share one. */
export function whyDecodedAlone(video: VideoOutput): string | undefined {
  return REASONS_AGAINST.find(({ holds }) => holds(video))?.reason;
}

/**
 * What is done before pictures are scaled apart, and what decides how long the file is: the run tells only the length
 * of the longest, against which each is verified.
 */
const SAME = [
  "cuts",
  "speed",
  "fps",
  "deinterlace",
  "dynamicRange",
  "crop",
  "rotate",
  "flip",
  "denoise",
  "subtitles",
] as const satisfies readonly (keyof VideoOutput)[];

const REASONS_AGAINST: readonly { holds: (video: VideoOutput) => boolean; reason: string }[] = [
  { holds: ({ codec }) => codec === "copy", reason: "codec copy decodes nothing" },
  { holds: isTwoPass, reason: "it is read twice" },
  {
    holds: ({ append, appendSources, watermark, burnIn }) =>
      Boolean(append ?? appendSources ?? watermark ?? burnIn),
    reason: "other files or text are part of its pictures",
  },
  { holds: ({ interpolate }) => interpolate !== undefined, reason: "new frames cost more than any decode" },
];
