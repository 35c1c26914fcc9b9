import { AUDIO_EXTENSIONS, type AudioOutput } from "../../crds/outputs/audio.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { inputArguments } from "../probe/media-input.ts";
import type { AudioStream, MediaRecord } from "../probe/record.ts";
import { keptTags, tagStreamOf } from "../video/kept-tags.ts";
import {
  chooseTracks,
  type EncodedSoundCodec,
  type MeasuredLoudness,
  measuringFilters,
  type SoundWish,
  soundEncoderArguments,
  soundFilters,
  soundWarnings,
} from "../video/sound/sound.ts";
import { type Kept, seeksSpans, soundGraph, sourceInputs } from "../video/time/spans.ts";
import { emptyCuts, outputSeconds, spansOf } from "../video/time/timing.ts";

/** Everything decided about one sound file before ffmpeg runs, and its argument lists. Pure. */
export interface Recording extends Kept {
  output: AudioOutput;
  track: AudioStream;
  placeTags: string[];
  tagStream: number | null;
  wish: SoundWish;
  expectedSeconds: number | null;
  /** Extension of the file, without a dot. */
  ext: string;
  warnings: { reason: string; message: string }[];
}

const FILES: Record<AudioOutput["codec"], { muxer: string[]; codec: EncodedSoundCodec }> = {
  aac: { muxer: ["-movflags", "+faststart", "-f", "ipod"], codec: "aac" },
  opus: { muxer: ["-f", "opus"], codec: "opus" },
  mp3: { muxer: ["-f", "mp3"], codec: "mp3" },
  flac: { muxer: ["-f", "flac"], codec: "flac" },
  wav: { muxer: ["-rf64", "auto", "-f", "wav"], codec: "pcm" }, // above 4 GiB only RF64 holds it
};

export const extensionOf = (output: AudioOutput): string => AUDIO_EXTENSIONS[output.codec];

/** @throws MediaFailure NoAudioStream, InvalidOutputSpec. */
export function planRecording(record: MediaRecord, output: AudioOutput): Recording {
  const { chosen } = chooseTracks(record.audio, {
    tracks: "First",
    languages: output.language === undefined ? undefined : [output.language],
  });
  const track = chosen[0];
  if (!track) throw new MediaFailure("NoAudioStream", noTrack(record, output));
  const spans = spansOf(output.cuts, record.durationSeconds);
  const wish: SoundWish = {
    codec: FILES[output.codec].codec,
    soundtrack: output,
    deepSamples: hasDeepSamples(track),
    speed: output.speed ?? 1,
  };
  return {
    output,
    track,
    placeTags: record.placeTags,
    tagStream: tagStreamOf(record, track),
    spans,
    seeks: seeksSpans(record, spans),
    expectedSeconds: outputSeconds(
      { spans, speed: output.speed },
      track.durationSeconds ?? record.durationSeconds,
    ),
    ext: extensionOf(output),
    wish,
    warnings: [...soundWarnings(track, wish), ...emptyCuts(output.cuts, spans, record.durationSeconds)],
  };
}

/** More than 16 bits. What lossy codecs decode to is float, whatever they were made of; it has no depth of its own. */
const hasDeepSamples = ({ codec, sampleFormat }: AudioStream): boolean =>
  /^s(?:32|64)/.test(sampleFormat ?? "") ||
  (/^(?:pcm_f|wavpack$)/.test(codec ?? "") && /^(?:flt|dbl)/.test(sampleFormat ?? ""));

function noTrack({ audio }: MediaRecord, { language }: AudioOutput): string {
  if (audio.length === 0) return "the source has no audio track";
  const there = audio.map((track) => track.language ?? "unknown").join(", ");
  return `the source has no audio track in '${language}'; it has: ${there}`;
}

export function recordingArguments(
  recording: Recording,
  files: { sourcePath: string; targetPath: string; threads: number },
  measured?: MeasuredLoudness,
): string[] {
  const { output, track, placeTags, tagStream, wish, spans } = recording;
  const filters = soundFilters(track, wish, measured);
  const moved = spans.length > 0 || wish.speed !== 1;
  const strip = output.metadata === "Strip";
  return [
    ...sourceInputs(recording, files, ["-vn"]),
    ...["-filter_complex", soundGraph(recording, { index: track.index, label: "sound", filters })],
    ...["-map", "[sound]"],
    ...soundEncoderArguments(track, 0, wish),
    // The timecode is that of the source's first moment.
    ...keptTags(output.metadata, { placeTags, tagStream, leftOut: moved ? ["timecode"] : [] }),
    ...["-map_chapters", strip || moved ? "-1" : "0"],
    ...(track.language ? ["-metadata:s:a:0", `language=${track.language}`] : []),
    ...[...FILES[output.codec].muxer, `file:${files.targetPath}`],
  ];
}

export function measuringArguments(
  recording: Recording,
  files: { sourcePath: string; threads: number },
): string[] {
  const { track, wish } = recording;
  const filters = measuringFilters(track, wish);
  return [
    ...sourceInputs(recording, files, ["-vn"]),
    ...["-filter_complex", soundGraph(recording, { index: track.index, label: "measured", filters })],
    ...["-map", "[measured]", "-f", "null", "-"],
  ];
}

/** Draws the whole file into one picture. */
export function drawingArguments(
  path: string,
  { width, height, color }: NonNullable<AudioOutput["waveform"]>,
  targetPath: string,
): string[] {
  return [
    ...inputArguments(path, { options: ["-vn"] }),
    ...[
      "-filter_complex",
      `[0:a:0]aformat=channel_layouts=mono,showwavespic=s=${width}x${height}:filter=peak:colors=0x${color.slice(1)}[drawn]`,
    ],
    ...[
      "-map",
      "[drawn]",
      "-frames:v",
      "1",
      "-c:v",
      "png",
      "-f",
      "image2",
      "-update",
      "1",
      `file:${targetPath}`,
    ],
  ];
}
