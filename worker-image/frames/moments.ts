import { type FramesOutput, MOST_FRAMES } from "../../crds/outputs/frames.ts";
import { MediaFailure } from "../probe/media-failure.ts";

/** Times at which frames are taken, in seconds from the source's start. */

/** Where the poster is when nobody says: past leaders, slates and a fade from black. */
const POSTER_SECONDS = 10;

/** A seek to the very end finds no frame: the last moment that is asked for lies this much before it. */
const BEFORE_END_SECONDS = 0.1;

export interface Moments {
  seconds: number[];
  warnings: { reason: string; message: string }[];
}

/**
 * The times for everything but scene changes, which only decoding finds.
 *
 * @throws MediaFailure InvalidOutputSpec where all lie beyond the end.
 */
export function momentsOf(output: FramesOutput, durationSeconds: number | null): Moments {
  const end =
    durationSeconds === null ? Number.POSITIVE_INFINITY : Math.max(0, durationSeconds - BEFORE_END_SECONDS);
  if (output.atSeconds) return named(output, output.atSeconds, { end, durationSeconds });
  if (durationSeconds === null) return { seconds: [0], warnings: [] };
  if (output.count !== undefined) return { seconds: spread(output.count, durationSeconds), warnings: [] };
  if (output.everySeconds !== undefined) return every(output.everySeconds, end);
  return { seconds: [Math.min(POSTER_SECONDS, durationSeconds / 2)], warnings: [] };
}

/** Sprites have the times of a film, one after the other, whatever the order they are named in. */
function named(
  { layout }: Pick<FramesOutput, "layout">,
  wanted: readonly number[],
  { end, durationSeconds }: { end: number; durationSeconds: number | null },
): Moments {
  const seconds = wanted.filter((time) => time <= end);
  const beyond = wanted.length - seconds.length;
  if (seconds.length === 0) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      `the source lasts ${durationSeconds} s and none of atSeconds is at ${end.toFixed(1)} s or earlier; name earlier times`,
    );
  }
  const message = `${beyond} of atSeconds lie beyond the end of the source at ${durationSeconds} s`;
  return {
    seconds: layout === "Sprite" ? [...new Set(seconds)].sort((a, b) => a - b) : seconds,
    warnings: beyond > 0 ? [{ reason: "FramesBeyondEnd", message }] : [],
  };
}

/** The middle of each of `count` equal parts: neither the black first frame nor the end titles. */
const spread = (count: number, durationSeconds: number): number[] =>
  Array.from({ length: count }, (_, index) => ((index + 0.5) * durationSeconds) / count);

function every(step: number, end: number): Moments {
  const wanted = Math.floor(end / step) + 1;
  const count = Math.min(MOST_FRAMES, wanted);
  return {
    seconds: Array.from({ length: count }, (_, index) => index * step),
    warnings:
      wanted > count
        ? [
            {
              reason: "FramesLeftOut",
              message: `everySeconds ${step} asks for ${wanted} frames; the first ${count} are taken`,
            },
          ]
        : [],
  };
}
