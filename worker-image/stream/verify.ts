import { MediaFailure } from "../probe/media-failure.ts";
import { probe } from "../probe/probe.ts";
import type { VideoStream } from "../probe/record.ts";
import { ENCODERS } from "../video/encoders.ts";
import type { FfmpegLimits, FfmpegReport } from "../video/ffmpeg.ts";
import { channelsOf, sampleRateOf } from "../video/sound/sound.ts";
import { shortnessOf } from "../video/time/source-length.ts";
import { perSecond } from "../video/time/timing.ts";
import type { StreamFiles } from "./arguments.ts";
import { decodePictures, decodeSounds, type FinishedFile } from "./decode.ts";
import type { FileNames } from "./file-names.ts";
import { readKeyframeRanges } from "./keyframe-ranges.ts";
import { languageTag } from "./language-tag.ts";
import { lengthOf, longestOf, type MediaFile, readMediaFile } from "./media-file.ts";
import type { Presentation } from "./presentation.ts";
import {
  type MadeSound,
  missedLoudnesses,
  refuseShortSounds,
  refuseSilentSounds,
  type SoundSource,
} from "./sound-check.ts";
import type { Sound } from "./sounds.ts";
import type { AudioRendition, Stream, VideoRendition } from "./stream.ts";
import { finishSubtitles, unique } from "./subtitles.ts";
import { verifySheets } from "./thumbnails.ts";
import { videoRangeOf } from "./track-description.ts";

/**
 * Reads what was made back from the finished files, and describes it for the manifests.
 *
 * @throws MediaFailure VerificationFailed, SourceCorrupt, SourceTruncated.
 */
export async function verifyStream(
  presentation: Presentation,
  made: {
    files: StreamFiles;
    names: FileNames;
    report: FfmpegReport;
    limits: FfmpegLimits;
    staged: (fileName: string) => string;
    source: SoundSource;
    /** Told the share that is decoded. */
    onDecoded?: (share: number) => void;
  },
): Promise<{ stream: Stream; warnings: { reason: string; message: string }[] }> {
  const { files, names, report, limits } = made;
  const { output, fps } = presentation;
  const [pictures, sounds] = await Promise.all([
    Promise.all(files.videoPaths.map(mediaFile)),
    Promise.all(
      presentation.sounds.map((sound, at) => madeSound(sound, files.audioPaths[at], names.audio[at])),
    ),
  ]);
  const finished = (paths: readonly string[], media: readonly MediaFile[]): FinishedFile[] =>
    paths.map((path, at) => ({ path, seconds: lengthOf(media[at] ?? { segments: [] }) }));
  const decoding = { ...limits, verify: output.verify, onDecoded: made.onDecoded };
  // Short processes, all at once: one after another they take as long as encoding a second of a small ladder.
  const [video, , heard] = await Promise.all([
    Promise.all(
      presentation.rungs.map(async (rung, at): Promise<VideoRendition> => {
        const path = files.videoPaths[at] ?? "";
        const media = pictures[at] ?? (await mediaFile(path));
        refuseOtherRange(rung.name, { media, presentation });
        await refuseOtherPicture(path, { rung, presentation, signal: limits.signal });
        return {
          name: rung.name,
          fileName: names.video[at] ?? "",
          media,
          keyframes: await asItMustBe(readKeyframeRanges(path, media.segments)),
          size: rung.size,
          fps,
        };
      }),
    ),
    decodePictures(
      finished(files.videoPaths, pictures).map((file) => ({
        ...file,
        frames: Math.round(file.seconds * perSecond(fps)),
      })),
      decoding,
    ),
    decodeSounds(
      finished(
        files.audioPaths,
        sounds.map(({ media }) => media),
      ),
      decoding,
    ),
  ]);
  refuseMisaligned(video, output);
  const pictureSeconds = longestOf(video);
  const durationSeconds = endsLater(sounds, pictureSeconds) ? longestOf(sounds) : pictureSeconds;
  const warnings = [
    ...shortPictures(presentation, { pictureSeconds, durationSeconds, report }),
    ...(await refuseShortSounds(sounds, made.source, { report, limits })),
    ...(await missedLoudnesses(sounds, limits)),
  ];
  if (heard.maybeSilent) await refuseSilentSounds(sounds, made.source, limits);
  const stream = {
    video,
    audio: audioRenditions(sounds),
    subtitles: await finishSubtitles(presentation.subtitles, {
      paths: files.subtitlePaths,
      fileNames: names.subtitles,
    }),
    thumbnails:
      presentation.thumbnails &&
      (await verifySheets(presentation.thumbnails, {
        durationSeconds: pictureSeconds,
        staged: made.staged,
      })),
    protection: undefined,
    durationSeconds,
  };
  return { stream, warnings };
}

/** An encoder fills its last frame, which says some milliseconds more than there is: that is no end of its own. */
const SOUND_PADDING_SECONDS = 0.1;

const endsLater = (sounds: readonly MadeSound[], pictureSeconds: number): boolean =>
  longestOf(sounds) > pictureSeconds + SOUND_PADDING_SECONDS;

/** The whole against what the source declares, and the pictures, which may end long before the sound does. */
function shortPictures(
  { expectedSeconds, stillSeconds, top: { picture } }: Presentation,
  made: { pictureSeconds: number; durationSeconds: number; report: FfmpegReport },
): { reason: string; message: string }[] {
  const { pictureSeconds, durationSeconds, report } = made;
  const whole = {
    what: "pictures and sound",
    declaredSeconds: expectedSeconds,
    foundSeconds: durationSeconds,
  };
  const short = shortnessOf(whole, report);
  if (short.length > 0 || picture.durationSeconds === null || expectedSeconds === null) return short;
  const declaredSeconds = Math.min(picture.durationSeconds, expectedSeconds);
  const foundSeconds = pictureSeconds - stillSeconds;
  return shortnessOf({ what: "pictures", declaredSeconds, foundSeconds }, report);
}

async function madeSound(sound: Sound, path = "", fileName = ""): Promise<MadeSound> {
  return { sound, path, fileName, media: await mediaFile(path) };
}

function audioRenditions(sounds: readonly MadeSound[]): AudioRendition[] {
  const main = Math.max(
    0,
    sounds.findIndex(({ sound }) => sound.track.isDefault),
  );
  const taken = new Set<string>();
  const titles = sounds
    .filter(({ sound }) => !sound.isSurround)
    .map(({ sound: { track } }, position) =>
      unique(track.title ?? track.language ?? `Track ${position + 1}`, taken),
    );
  return sounds.map(({ sound: { track, wish, position, isSurround }, fileName, media }) => {
    const wanted = { channels: channelsOf(track, wish), sampleRate: sampleRateOf(track, wish) };
    if (media.sound?.channels !== wanted.channels || media.sound.sampleRate !== wanted.sampleRate) {
      throw new MediaFailure(
        "VerificationFailed",
        `${fileName} has ${media.sound?.channels} channels at ${media.sound?.sampleRate} Hz, not ${wanted.channels} at ${wanted.sampleRate} Hz`,
      );
    }
    return {
      name: `${position}${isSurround ? "-surround" : ""}`,
      position,
      isSurround,
      fileName,
      media,
      language: languageTag(track.language),
      title: titles[position] ?? "",
      isDefault: position === main,
      ...wanted,
    };
  });
}

async function mediaFile(path: string): Promise<MediaFile> {
  const media = await asItMustBe(readMediaFile(path));
  if (media.segments.length === 0)
    throw new MediaFailure("SourceCorrupt", "no frame of the source could be decoded");
  const last = media.segments.at(-1);
  if (last && last.offset + last.bytes > media.bytes) {
    throw new MediaFailure(
      "VerificationFailed",
      `a media file of the stream has ${media.bytes} bytes, but its index names ${last.offset + last.bytes}`,
    );
  }
  return media;
}

const asItMustBe = <T>(reading: Promise<T>): Promise<T> =>
  reading.catch((error: unknown) => {
    throw new MediaFailure(
      "VerificationFailed",
      `a media file of the stream is not as it must be: ${(error as Error).message}`,
    );
  });

/** The finished picture, which is of the codec and the size that were decided. */
export async function refuseOtherPicture(
  path: string,
  {
    rung,
    presentation,
    signal,
  }: { rung: Presentation["rungs"][number]; presentation: Presentation; signal: AbortSignal },
): Promise<VideoStream> {
  const picture = (await probe(path, signal, { firstFrame: false })).video[0];
  const codec = ENCODERS[presentation.output.codec].codec;
  const { width, height } = rung.size;
  if (picture?.codec === codec && picture.width === width && picture.height === height) return picture;
  throw new MediaFailure(
    "VerificationFailed",
    `rendition ${rung.name} is ${picture?.codec} ${picture?.width}×${picture?.height}, not ${codec} ${width}×${height}`,
  );
}

/** Players show PQ or HLG rightly only where the file says that it is. */
function refuseOtherRange(
  name: string,
  { media, presentation: { top } }: { media: MediaFile; presentation: Presentation },
): void {
  const wanted = top.keepsHdr ? VIDEO_RANGES[top.picture.dynamicRange] : "SDR";
  const found = videoRangeOf(media);
  if (found === wanted) return;
  throw new MediaFailure("VerificationFailed", `rendition ${name} says that it is ${found}, not ${wanted}`);
}

const VIDEO_RANGES = { SDR: "SDR", HDR10: "PQ", HLG: "HLG" } as const;

/**
 * Players switch at segment borders: these must be the same in every rendition, to the frame. SVT-AV1 counts frames from
 * one keyframe to the next, and not time; so where parts meet and segments are no whole number of frames, one is shorter.
 */
function refuseMisaligned(
  video: readonly VideoRendition[],
  { segmentSeconds, codec }: Presentation["output"],
): void {
  const [first] = video;
  if (!first) return;
  const tolerance = first.fps.den / first.fps.num / 2;
  for (const { name, media } of video) {
    const misfit = media.segments.findIndex(
      ({ seconds }, at) => Math.abs(seconds - (first.media.segments[at]?.seconds ?? 0)) > tolerance,
    );
    if (misfit !== -1 || media.segments.length !== first.media.segments.length) {
      throw new MediaFailure(
        "VerificationFailed",
        `segment ${misfit + 1} of ${name} does not end where that of ${first.name} does`,
      );
    }
    const long = media.segments
      .slice(0, -1)
      .map(({ seconds }) => ({ seconds, off: seconds - segmentSeconds }))
      .find(({ off }) => (codec === "av1" ? off : Math.abs(off)) > tolerance * 2 + 1e-3);
    if (long)
      throw new MediaFailure(
        "VerificationFailed",
        `a segment of ${name} lasts ${long.seconds} s, not ${segmentSeconds} s`,
      );
  }
}
