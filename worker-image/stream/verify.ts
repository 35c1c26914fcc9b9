import { MediaFailure } from "../probe/media-failure.ts";
import { inputArguments } from "../probe/media-input.ts";
import { probe } from "../probe/probe.ts";
import type { VideoStream } from "../probe/record.ts";
import { refuseUndecodable } from "../probe/refuse-undecodable.ts";
import { ENCODERS } from "../video/encoders.ts";
import { type FfmpegLimits, type FfmpegReport, runFfmpeg } from "../video/ffmpeg.ts";
import { channelsOf, sampleRateOf } from "../video/sound.ts";
import type { StreamFiles } from "./arguments.ts";
import type { FileNames } from "./file-names.ts";
import { readKeyframeRanges } from "./keyframe-ranges.ts";
import { type MediaFile, readMediaFile } from "./media-file.ts";
import type { Presentation } from "./presentation.ts";
import type { AudioRendition, Stream, VideoRendition } from "./stream.ts";
import { unique, verifySubtitles } from "./subtitles.ts";
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
  },
): Promise<Stream> {
  const { files, names, report, limits } = made;
  // Short processes, all at once: one after another they take as long as encoding a second of a small ladder.
  const [video] = await Promise.all([
    Promise.all(
      presentation.rungs.map(async (rung, at): Promise<VideoRendition> => {
        const path = files.videoPaths[at] ?? "";
        const media = await mediaFile(path);
        refuseOtherRange(rung.name, { media, presentation });
        await refuseOtherPicture(path, { rung, presentation, signal: limits.signal });
        return {
          name: rung.name,
          fileName: names.video[at] ?? "",
          media,
          keyframes: await asItMustBe(readKeyframeRanges(path, media.segments)),
          size: rung.size,
          fps: presentation.fps,
        };
      }),
    ),
    decodeSamples([...files.videoPaths, ...files.audioPaths], limits),
  ]);
  refuseMisaligned(video, presentation.output.segmentSeconds);
  const durationSeconds = Math.max(...video.map(({ media }) => lengthOf(media)));
  refuseTruncated(presentation, durationSeconds, report);
  return {
    video,
    audio: await audioRenditions(presentation, files, names),
    subtitles: await verifySubtitles(presentation.subtitles, {
      paths: files.subtitlePaths,
      fileNames: names.subtitles,
    }),
    thumbnails:
      presentation.thumbnails &&
      (await verifySheets(presentation.thumbnails, { durationSeconds, staged: made.staged })),
    protection: undefined,
    durationSeconds,
  };
}

async function audioRenditions(
  { sounds }: Presentation,
  files: StreamFiles,
  names: FileNames,
): Promise<AudioRendition[]> {
  const main = Math.max(
    0,
    sounds.findIndex(({ track }) => track.isDefault),
  );
  const taken = new Set<string>();
  const titles = sounds
    .filter(({ isSurround }) => !isSurround)
    .map(({ track: { title, language }, position }) =>
      unique(title ?? language ?? `Track ${position + 1}`, taken),
    );
  const audio: AudioRendition[] = [];
  for (const [at, { track, wish, position, isSurround }] of sounds.entries()) {
    const fileName = names.audio[at] ?? "";
    const media = await mediaFile(files.audioPaths[at] ?? "");
    const wanted = { channels: channelsOf(track, wish), sampleRate: sampleRateOf(track, wish) };
    if (media.sound?.channels !== wanted.channels || media.sound.sampleRate !== wanted.sampleRate) {
      throw new MediaFailure(
        "VerificationFailed",
        `${fileName} has ${media.sound?.channels} channels at ${media.sound?.sampleRate} Hz, not ${wanted.channels} at ${wanted.sampleRate} Hz`,
      );
    }
    audio.push({
      name: `${position}${isSurround ? "-surround" : ""}`,
      position,
      isSurround,
      fileName,
      media,
      language: track.language,
      title: titles[position] ?? "",
      isDefault: position === main,
      ...wanted,
    });
  }
  return audio;
}

async function mediaFile(path: string): Promise<MediaFile> {
  const media = await asItMustBe(readMediaFile(path));
  if (media.segments.length === 0)
    throw new MediaFailure("SourceCorrupt", "no frame of the source could be decoded");
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

/** A second at the start of each file, all in one run; any error of a decoder fails it. */
export async function decodeSamples(paths: readonly string[], limits: FfmpegLimits): Promise<void> {
  const options = ["-threads", "1", "-err_detect", "explode", "-t", "1"];
  const list = [
    ...paths.flatMap((path) => inputArguments(path, { options })),
    ...paths.flatMap((_, input) => ["-map", `${input}:0`]),
    ...["-f", "null", "-"],
  ];
  const { log } = await runFfmpeg({ ...limits, arguments: list });
  refuseUndecodable(log, "a finished file");
}

const lengthOf = ({ segments }: MediaFile): number => segments.reduce((sum, { seconds }) => sum + seconds, 0);

/** Players switch at segment borders: these must be the same in every rendition, to the frame. */
export function refuseMisaligned(video: readonly VideoRendition[], segmentSeconds: number): void {
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
      .find(({ seconds }) => Math.abs(seconds - segmentSeconds) > tolerance * 2 + 1e-3);
    if (long)
      throw new MediaFailure(
        "VerificationFailed",
        `a segment of ${name} lasts ${long.seconds} s, not ${segmentSeconds} s`,
      );
  }
}

function refuseTruncated({ expectedSeconds }: Presentation, found: number, report: FfmpegReport): void {
  if (expectedSeconds === null || report.cutShortLines === 0) return;
  if (found >= expectedSeconds - Math.max(0.25, expectedSeconds * 0.01)) return;
  throw new MediaFailure(
    "SourceTruncated",
    `the source ends after ${found.toFixed(1)} s of the ${expectedSeconds.toFixed(1)} s it declares; copy it again`,
    report.log,
  );
}
