import { DECODE, SOUND, STILL } from "../../../crds/media-speed.ts";
import type { AudioOutput } from "../../../crds/outputs/audio.ts";
import { type FramesOutput, MOST_FRAMES } from "../../../crds/outputs/frames.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import { ASSUMED_SECONDS, keptSeconds, outputPixels, pictureOf } from "./video-cost.ts";

/** What sound files and still pictures cost, in processor seconds. Their sources are not probed before they are planned. */

/** The sound is read once, once more to measure its loudness, and what was made once for each waveform. */
export function audioSeconds(audio: Partial<AudioOutput> = {}, known: SourceFacts = {}): number {
  const read = keptSeconds(audio, known);
  const made = read / (audio.speed ?? 1);
  const { json = true, png = false } = audio.waveform ?? { json: false };
  const waveforms = Number(json) + Number(png);
  return (
    made / SOUND[audio.codec ?? "aac"] +
    (audio.loudness ? read / SOUND.loudness : 0) +
    (waveforms * made) / SOUND.waveform
  );
}

/** Frames that are asked for; of scene changes as many as may be. */
export function wantedFrames(frames: FramesOutput | undefined, { durationSeconds }: SourceFacts): number {
  const seconds = durationSeconds ?? ASSUMED_SECONDS;
  return (
    frames?.atSeconds?.length ??
    frames?.count ??
    frames?.sceneChanges?.max ??
    (frames?.everySeconds ? Math.min(MOST_FRAMES, seconds / frames.everySeconds + 1) : 1)
  );
}

/** Pixels of one picture, as it is taken. */
export const stillPixels = (
  frames: FramesOutput | undefined,
  source: { width: number; height: number },
): number =>
  outputPixels(
    {
      ...(frames?.width !== undefined && { width: frames.width }),
      ...(frames?.height !== undefined && { height: frames.height }),
      ...(frames && { fit: frames.fit }),
    },
    source,
  );

/** Up to the very frame all are decoded that follow its keyframe; these are five seconds apart, as most encoders have it. */
const SECONDS_AFTER_KEYFRAME = 2.5;

/** Processor seconds that still pictures of a source take. Where its length is not known, `ASSUMED_SECONDS` of it. */
export function framesSeconds(frames: FramesOutput | undefined, known: SourceFacts = {}): number {
  const { fps, ...source } = pictureOf(known);
  const megapixels = (source.width * source.height) / 1e6;
  const decoded = (seconds: number) => (seconds * fps * megapixels) / DECODE;
  const made = stillPixels(frames, source) / 1e6;
  const each =
    STILL.seek +
    megapixels * STILL.sourceMegapixel +
    (isExact(frames) ? decoded(SECONDS_AFTER_KEYFRAME) : 0) +
    made * (STILL.pngMegapixel + STILL.fileMegapixel[frames?.format ?? "jpeg"]);
  const scenes = frames?.sceneChanges ? decoded(known.durationSeconds ?? ASSUMED_SECONDS) : 0;
  return scenes + wantedFrames(frames, known) * each;
}

const isExact = (frames: FramesOutput | undefined): boolean =>
  frames?.exact === true || frames?.sceneChanges !== undefined;
