import { type FramesOutput, MOST_FRAMES } from "../../crds/outputs/frames.ts";
import { MediaFailure } from "../probe/media-failure.ts";

/** Times at which frames are taken, in seconds from the source's start. */

/** Where the poster is when nobody says: past leaders, slates and a fade from black. */
const POSTER_SECONDS = 10;

/** Containers round how long they last: a multiple of a time this near to the end is the end itself. */
const ROUNDED_SECONDS = 0.001;

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
  if (output.atSeconds) return named(output, output.atSeconds, durationSeconds);
  if (durationSeconds === null) return { seconds: [0], warnings: [] };
  if (output.count !== undefined) return { seconds: spread(output.count, durationSeconds), warnings: [] };
  if (output.everySeconds !== undefined) return every(output.everySeconds, durationSeconds);
  return { seconds: [Math.min(POSTER_SECONDS, durationSeconds / 2)], warnings: [] };
}

/** Sprites have the times of a film, one after the other, whatever the order they are named in. */
function named(
  { layout }: Pick<FramesOutput, "layout">,
  wanted: readonly number[],
  durationSeconds: number | null,
): Moments {
  // At the very end the last frame is shown.
  const seconds = wanted.filter((time) => time <= (durationSeconds ?? Number.POSITIVE_INFINITY));
  const beyond = wanted.length - seconds.length;
  if (seconds.length === 0) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      `the source lasts ${durationSeconds} s and all of atSeconds lie beyond its end; name earlier times`,
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

function every(step: number, durationSeconds: number): Moments {
  const wanted = Math.max(1, Math.ceil((durationSeconds - ROUNDED_SECONDS) / step));
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
