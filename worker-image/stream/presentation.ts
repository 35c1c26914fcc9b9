import type { StreamOutput } from "../../crds/outputs/stream.ts";
import { videoOutput } from "../../crds/outputs/video.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type { MediaRecord, Rate, TextStream } from "../probe/record.ts";
import { whyNoPicture } from "../video/encoders.ts";
import { decodingSeconds, encodeSeconds, readingSeconds } from "../video/progress/stage-seconds.ts";
import { pictureOf, planRendition, type Rendition } from "../video/rendition.ts";
import { firstSecondsOf } from "../video/time/picture-span.ts";
import { exactRate, perSecond, steadyRate } from "../video/time/timing.ts";
import { ladderOf, type Rung } from "./ladder.ts";
import { type Sound, soundsOf } from "./sounds.ts";
import { planThumbnails, type ThumbnailSheets } from "./thumbnails.ts";
import { goingOn } from "./track-ends.ts";

/** Everything decided about a stream before ffmpeg runs. Pure. */
export interface Presentation {
  output: StreamOutput;
  /** The largest rung as a rendition: what all pictures go through before they are scaled apart. */
  top: Rendition;
  rungs: Rung[];
  fps: Rate;
  /** How long the last picture is held, while sound goes on. */
  stillSeconds: number;
  sounds: Sound[];
  /** Texts that become WebVTT. */
  subtitles: TextStream[];
  thumbnails: ThumbnailSheets | undefined;
  expectedSeconds: number | null;
  warnings: { reason: string; message: string }[];
}

/** Where the source's rate varies, segments of equal length need one that does not. */
const RATE_OF_VARYING: Rate = { num: 30, den: 1 };

/** @throws MediaFailure NoVideoStream, InvalidOutputSpec. */
export function planPresentation(record: MediaRecord, output: StreamOutput): Presentation {
  const picture = pictureOf(record);
  const fps = output.fps !== undefined ? exactRate(output.fps) : (steadyRate(picture) ?? RATE_OF_VARYING);
  const shown = { width: picture.width, height: picture.height, fps: perSecond(fps) };
  const { rungs, leftOut } = ladderOf(shown, output);
  refuseUnfit(rungs, output.codec);
  const largest = rungs.at(-1);
  const wish = videoOutput.parse({
    codec: output.codec,
    ...(output.preset && { preset: output.preset }),
    ...(output.crf !== undefined && { crf: output.crf }),
    dynamicRange: output.dynamicRange,
    keyframeIntervalSeconds: output.segmentSeconds,
    audio: { tracks: output.audio.tracks },
    subtitles: output.subtitles,
  });
  // A size that follows from the source may be any, beyond what people may ask for.
  const plain = planRendition(record, { ...wish, ...largest?.size, fit: "fill", enlarge: true });
  const [smallest] = rungs;
  const delaySeconds = delayToStart(plain.work.delaySeconds, {
    firstSeconds: firstSecondsOf(record, picture),
    fps,
  });
  const goesOn = goingOn(record, { picture, tracks: plain.tracks });
  return {
    output,
    top: { ...plain, fps, work: { ...plain.work, fps, delaySeconds } },
    rungs,
    fps,
    stillSeconds: goesOn(picture),
    sounds: soundsOf(plain.tracks, output.audio, {
      delaySeconds,
      silentSecondsOf: goesOn,
    }),
    subtitles: plain.subtitles,
    thumbnails:
      output.thumbnails && smallest
        ? planThumbnails(output.thumbnails, { picture: smallest.size, seconds: plain.expectedSeconds })
        : undefined,
    expectedSeconds: plain.expectedSeconds,
    warnings: [
      ...plain.warnings,
      ...leftOut.map((height) => ({
        reason: "RenditionLeftOut",
        message: `the rendition of height ${height} is above the source, which is ${shown.width}×${shown.height}`,
      })),
    ],
  };
}

/**
 * How much later all is shown. A stream begins with a picture: one that comes within its first frame begins it, or it
 * would be shown twice.
 */
const delayToStart = (
  delaySeconds: number | undefined,
  { firstSeconds, fps }: { firstSeconds: number; fps: Rate },
): number | undefined =>
  delaySeconds !== undefined && firstSeconds < 1 / perSecond(fps) ? -firstSeconds : delaySeconds;

function refuseUnfit(rungs: readonly Rung[], codec: StreamOutput["codec"]): void {
  for (const { name, size } of rungs) {
    const why = whyNoPicture(codec, size);
    if (why)
      throw new MediaFailure(
        "InvalidOutputSpec",
        `rendition ${name} ${why}; leave it out or take another codec`,
      );
  }
}

/** How long the pictures of all rungs take, roughly. */
export const renditionsSeconds = (
  { top, rungs, output, fps, expectedSeconds }: Presentation,
  cpu: number,
): number =>
  rungs.reduce(
    (sum, { size }) =>
      sum +
      encodeSeconds({
        codec: output.codec,
        preset: output.preset,
        pixels: size.width * size.height,
        fps: perSecond(fps),
        mediaSeconds: expectedSeconds ?? 60,
        cpu,
      }),
    readingSeconds(top, cpu),
  );

/** Short runs that read samples of each rung, or that decode all of it. */
export const verifyingSeconds = (
  { rungs, output, fps, expectedSeconds }: Presentation,
  cpu: number,
): number =>
  rungs.reduce(
    (sum, { size }) =>
      sum +
      (output.verify === "Fast"
        ? 0.1
        : decodingSeconds({
            pixels: size.width * size.height,
            fps: perSecond(fps),
            mediaSeconds: expectedSeconds ?? 60,
            cpu,
          })),
    0.3,
  );
