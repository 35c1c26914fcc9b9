import type { Rate, VideoStream } from "../../probe/record.ts";
import { perSecond, type Span, steadyRate } from "./timing.ts";

/**
 * At which rate the pictures of cuts are taken. Those of a steady rate are joined as they are. What joins them counts
 * by how far their frames are apart on average, though, and where those come at any time, begin late in a cut or are one
 * alone that tells too little: each cut that follows would be off from its sound. There they are brought to a constant
 * rate, in which a frame stays until the next one is shown.
 */

/** Above this a rate is a clock that a container counts by, and none of pictures. */
const MOST_FPS = 120;

/** What varying rates become where their container does not tell how close frames may follow each other. */
const USUAL_FPS = [25, 30, 50, 60];

/**
 * The spans and the rate at which their pictures are taken; undefined where they may be joined as they are.
 *
 * @param spans with bounds on frames where the rate is steady
 * @param asked the rate of the output where it is named
 */
export function atSpanRate(
  spans: readonly Span[],
  { picture, firstSeconds, asked }: { picture: VideoStream; firstSeconds: number; asked: Rate | undefined },
): { spans: Span[]; rate: Rate | undefined } {
  const steady = steadyRate(picture);
  if (steady) {
    const frameSeconds = 1 / perSecond(steady);
    const isRegular = ({ startSeconds, endSeconds = Number.POSITIVE_INFINITY }: Span) =>
      startSeconds > firstSeconds - frameSeconds / 2 && endSeconds - startSeconds > frameSeconds * 1.5;
    return { spans: [...spans], rate: spans.every(isRegular) ? undefined : steady };
  }
  if (spans.length === 0) return { spans: [], rate: undefined };
  const rate = asked ?? closestFrames(picture);
  return { spans: spans.map((span) => ofWholeFrames(span, rate)), rate };
}

/** The rate in which no frame is lost, as far as it is one. */
function closestFrames({ realFrameRate, frameRate }: VideoStream): Rate {
  if (realFrameRate && perSecond(realFrameRate) <= MOST_FPS) return realFrameRate;
  const average = frameRate ? perSecond(frameRate) : 0;
  return { num: USUAL_FPS.find((fps) => fps >= average) ?? MOST_FPS, den: 1 };
}

/** As long as its frames are together, so that those of the next begin when its sound does. */
function ofWholeFrames({ startSeconds, endSeconds }: Span, rate: Rate): Span {
  if (endSeconds === undefined) return { startSeconds, endSeconds };
  const frames = Math.max(1, Math.round((endSeconds - startSeconds) * perSecond(rate)));
  return { startSeconds, endSeconds: startSeconds + frames / perSecond(rate) };
}
