import { MediaFailure } from "../probe/media-failure.ts";
import { inputArguments } from "../probe/media-input.ts";
import { type FfmpegLimits, type FfmpegReport, runFfmpeg } from "../video/ffmpeg.ts";
import { missedLoudness } from "../video/sound/loudness-check.ts";
import { isSilent } from "../video/sound/silence.ts";
import { LENGTH_TOLERANCE_SECONDS, shortnessOf } from "../video/time/source-length.ts";
import { lengthOf, type MediaFile } from "./media-file.ts";
import type { Sound } from "./sounds.ts";
import { endOf } from "./track-ends.ts";

/** A finished file of sound, and what it was made of. */
export interface MadeSound {
  sound: Sound;
  path: string;
  fileName: string;
  media: MediaFile;
}

export interface SoundSource {
  path: string;
  /** When the first stream of the source begins. */
  startSeconds: number;
}

/**
 * Holds how long each sound is against its track of the source. Only what the source still holds after its end was lost
 * on the way; else the source had less than it declares.
 *
 * @returns the warnings that it had.
 * @throws MediaFailure VerificationFailed, SourceTruncated.
 */
export async function refuseShortSounds(
  sounds: readonly MadeSound[],
  source: SoundSource,
  { report, limits }: { report: FfmpegReport; limits: FfmpegLimits },
): Promise<{ reason: string; message: string }[]> {
  const warnings: { reason: string; message: string }[] = [];
  for (const { sound, fileName, media } of sounds) {
    const { track, isSurround, silentSeconds } = sound;
    const declaredSeconds = endOf(track, source);
    if (declaredSeconds === null) continue;
    const foundSeconds = Math.max(0, lengthOf(media) - silentSeconds);
    const what = `sound in audio track ${track.index}`;
    const short = shortnessOf({ what, declaredSeconds, foundSeconds }, report);
    if (short.length === 0) continue;
    if (await holdsSoundAfter(source.path, { index: track.index, seconds: foundSeconds }, limits)) {
      throw new MediaFailure(
        "VerificationFailed",
        `${fileName} lasts ${foundSeconds.toFixed(1)} s, but audio track ${track.index} of the source ${declaredSeconds.toFixed(1)} s`,
      );
    }
    // A track has one length in all its files.
    if (!isSurround) warnings.push(...short);
  }
  return warnings;
}

async function holdsSoundAfter(
  path: string,
  { index, seconds }: { index: number; seconds: number },
  limits: FfmpegLimits,
): Promise<boolean> {
  const after = (seconds + LENGTH_TOLERANCE_SECONDS).toFixed(3);
  const { progress } = await runFfmpeg({
    ...limits,
    arguments: [
      ...inputArguments(path, { options: ["-vn", "-ss", after, "-t", "1"] }),
      ...["-map", `0:${index}`, "-f", "null", "-"],
    ],
  });
  return (progress?.outTimeSeconds ?? 0) > 0;
}

/** The warnings that sounds are not as loud as they were asked for. */
export async function missedLoudnesses(
  sounds: readonly MadeSound[],
  limits: FfmpegLimits,
): Promise<{ reason: string; message: string }[]> {
  const found = sounds.map(({ sound, path, fileName }) => {
    const { loudness } = sound.wish.soundtrack;
    return missedLoudness(path, { stream: "0:a:0", what: fileName, loudness }, limits);
  });
  return (await Promise.all(found)).flat();
}

/** A track may be silent for seconds or for good; only one that lost its source's sound is wrong. */
export async function refuseSilentSounds(
  sounds: readonly MadeSound[],
  source: SoundSource,
  limits: FfmpegLimits,
): Promise<void> {
  for (const { sound, path, fileName } of sounds) {
    const { index } = sound.track;
    if (!(await isSilent(path, "0:a:0", limits)) || (await isSilent(source.path, `0:${index}`, limits)))
      continue;
    throw new MediaFailure(
      "VerificationFailed",
      `${fileName} is silent, audio track ${index} of the source is not`,
    );
  }
}
