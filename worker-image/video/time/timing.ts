import type { VideoOutput } from "../../../crds/outputs/video.ts";
import { MediaFailure } from "../../probe/media-failure.ts";
import type { Rate, VideoStream } from "../../probe/record.ts";

/** Part of the source in seconds from its start; `endSeconds` is the first moment left out. */
export interface Span {
  startSeconds: number;
  /** Undefined: to the end of a source whose duration is unknown. */
  endSeconds: number | undefined;
}

/**
 * The spans to keep; empty when all of the source is. Cuts are clipped at the end, and those beyond it dropped.
 *
 * @throws MediaFailure InvalidOutputSpec where that is all of them.
 */
export function spansOf(cuts: VideoOutput["cuts"], durationSeconds: number | null): Span[] {
  const spans = (cuts ?? [])
    .map(({ startSeconds, endSeconds }) => ({
      startSeconds,
      endSeconds:
        durationSeconds === null ? endSeconds : Math.min(endSeconds ?? durationSeconds, durationSeconds),
    }))
    .filter(lasts);
  if (!cuts?.length || spans.length > 0) return spans;
  throw new MediaFailure(
    "InvalidOutputSpec",
    `every cut lies beyond the end of the source, which lasts ${durationSeconds} s`,
  );
}

const lasts = ({ startSeconds, endSeconds }: Span): boolean =>
  endSeconds === undefined || endSeconds > startSeconds;

/** The warning that there is nothing of the source in some of the cuts. */
export function emptyCuts(
  cuts: VideoOutput["cuts"],
  spans: readonly Span[],
  durationSeconds: number | null,
): { reason: string; message: string }[] {
  const empty = (cuts ?? []).length - spans.length;
  if (empty <= 0) return [];
  const lasting = durationSeconds === null ? "" : `, which lasts ${durationSeconds} s`;
  const message = `${empty} of ${cuts?.length} cuts hold nothing of the source${lasting}: they are left out`;
  return [{ reason: "CutsLeftOut", message }];
}

/**
 * The spans with their bounds moved to the first frame at or after each: pictures can begin nowhere else, and sound
 * that begins between two frames would be off by up to a frame. A varying rate has no such places. A cut between two
 * frames holds none, and is dropped.
 *
 * @param firstSeconds when the first frame is shown
 * @throws MediaFailure InvalidOutputSpec where no cut holds a frame.
 */
export function onFrames(
  spans: readonly Span[],
  { rate, firstSeconds }: { rate: Rate | null; firstSeconds: number },
): Span[] {
  if (!rate) return [...spans];
  const fps = perSecond(rate);
  // containers that count milliseconds round the times of frames by half of one
  const moved = (seconds: number) =>
    Math.max(0, firstSeconds + Math.ceil((seconds - firstSeconds) * fps - 0.05) / fps);
  const kept = spans
    .map(({ startSeconds, endSeconds }) => ({
      startSeconds: moved(startSeconds),
      endSeconds: endSeconds === undefined ? undefined : moved(endSeconds),
    }))
    .filter(lasts);
  if (spans.length === 0 || kept.length > 0) return kept;
  throw new MediaFailure(
    "InvalidOutputSpec",
    `every cut lies between two frames of the source, which has ${Number(fps.toFixed(3))} a second; make one longer`,
  );
}

/** Below this a container's own clock may be what tells a moment from a frame. */
const ROUNDED_SECONDS = 0.001;

/**
 * How much later pictures are shown that begin between two frames of their rate: an encoder counts frames, and takes the
 * nearest. What is heard beside them has to go with them, or it would be off by up to half a frame.
 */
export function delayToFrame(firstSeconds: number, rate: Rate | null): number | undefined {
  if (!rate) return undefined;
  const delay = Math.round(firstSeconds * perSecond(rate)) / perSecond(rate) - firstSeconds;
  return Math.abs(delay) <= ROUNDED_SECONDS ? undefined : Math.round(delay * 1e6) / 1e6;
}

/** Duration of the finished file; null when the source's is unknown. */
export function outputSeconds(
  wish: { spans: readonly Span[]; speed: number | undefined },
  durationSeconds: number | null,
): number | null {
  const lengths =
    wish.spans.length > 0 ? wish.spans : [{ startSeconds: 0, endSeconds: durationSeconds ?? undefined }];
  let total = 0;
  for (const { startSeconds, endSeconds } of lengths) {
    if (endSeconds === undefined) return null;
    total += endSeconds - startSeconds;
  }
  return total / (wish.speed ?? 1);
}

/** Rates of the NTSC family, which are written as decimals but are fractions of 1001. */
const NTSC: readonly (readonly [decimal: number, rate: Rate])[] = [24, 30, 48, 60, 120, 240].map((whole) => [
  whole / 1.001,
  { num: whole * 1000, den: 1001 },
]);

/** A decimal frame rate as the exact fraction that is meant: 29.97 is 30000/1001. */
export function exactRate(fps: number): Rate {
  const ntsc = NTSC.find(([decimal]) => Math.abs(decimal - fps) < 0.006);
  if (ntsc) return ntsc[1];
  return Number.isInteger(fps) ? { num: fps, den: 1 } : { num: Math.round(fps * 1000), den: 1000 };
}

export const perSecond = ({ num, den }: Rate): number => num / den;

/** The source's rate where average and real rate agree; null where it varies or is no rate of a film. */
export function steadyRate({ frameRate, realFrameRate }: VideoStream): Rate | null {
  if (!frameRate || perSecond(frameRate) > 300) return null;
  if (realFrameRate && Math.abs(perSecond(realFrameRate) / perSecond(frameRate) - 1) > 0.01) return null;
  return realFrameRate ?? frameRate;
}
