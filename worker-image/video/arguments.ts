import type { AudioStream } from "../probe/record.ts";
import { encoderArguments, type RateControl } from "./encoders.ts";
import { pictureFilters } from "./filters.ts";
import type { Rendition } from "./rendition.ts";
import { type MeasuredLoudness, measuringFilters, soundEncoderArguments, soundFilters } from "./sound.ts";
import { soundGraph, sourceInputs } from "./spans.ts";
import { perSecond } from "./timing.ts";

/** Turns a rendition into ffmpeg's argument list. Pure; nothing is decided here. */

export interface Files {
  sourcePath: string;
  targetPath: string;
  threads: number;
}

/** The muxer of each container, named so that the file's temporary name does not matter. */
export const MUXERS = { mp4: "mp4", mov: "mov", mkv: "matroska", webm: "webm" } as const;

const SUBTITLE_ENCODERS = { mp4: "mov_text", mov: "mov_text", mkv: "subrip", webm: "webvtt" } as const;

/** Packets that may wait for another stream; the default of 128 is too few beside slow encoders. */
const MUXING_QUEUE_PACKETS = 4096;

export function renditionArguments(
  rendition: Rendition,
  files: Files,
  {
    rate = rendition.rate,
    loudness = [],
  }: { rate?: RateControl; loudness?: (MeasuredLoudness | undefined)[] } = {},
): string[] {
  const firstPass = rate.pass === 1;
  const { output, tracks, sound, subtitles } = rendition;
  const sounds = firstPass ? [] : tracks;
  const texts = firstPass ? [] : subtitles;
  const graph = streams(rendition, sounds, loudness);
  return [
    ...graph.inputs(files),
    ...graph.filters,
    ...graph.maps,
    ...texts.flatMap(({ index }) => ["-map", `0:${index}`]),
    ...(output.codec === "copy" ? ["-c:v", "copy"] : pictureEncoder(rendition, rate, files.threads)),
    ...(rendition.soundCodec === "copy" && sounds.length > 0 ? ["-c:a", "copy"] : []),
    ...(sound ? sounds.flatMap((track, position) => soundEncoderArguments(track, position, sound)) : []),
    ...(texts.length > 0 ? ["-c:s", SUBTITLE_ENCODERS[output.container]] : []),
    ...metadataArguments(rendition, sounds),
    ...["-max_muxing_queue_size", `${MUXING_QUEUE_PACKETS}`],
    ...(firstPass
      ? ["-f", "null", "-"]
      : [...containerArguments(rendition), "-f", MUXERS[output.container], `file:${files.targetPath}`]),
  ];
}

/** A run that only measures one track's loudness, on the same spans as the real one. */
export function loudnessArguments(rendition: Rendition, track: AudioStream, files: Files): string[] {
  const { sound, spans } = rendition;
  if (!sound) return [];
  const graph = soundGraph({
    spans,
    index: track.index,
    label: "measured",
    filters: measuringFilters(track, sound),
  });
  return [
    ...sourceInputs(spans, files, ["-vn"]),
    ...["-filter_complex", graph],
    ...["-map", "[measured]", "-f", "null", "-"],
  ];
}

interface Streams {
  inputs: (files: Files) => string[];
  filters: string[];
  maps: string[];
}

/** One filter graph for all streams; `copy` needs none. Several spans are inputs of the same file, joined. */
function streams(
  rendition: Rendition,
  sounds: AudioStream[],
  loudness: (MeasuredLoudness | undefined)[],
): Streams {
  const { picture, sound, spans, output } = rendition;
  const graph: string[] = [];
  const maps: string[] = [];
  if (output.codec === "copy") maps.push("-map", `0:${picture.index}`);
  else {
    graph.push(pictureGraph(rendition));
    maps.push("-map", "[picture]");
  }
  sounds.forEach((track, position) => {
    if (!sound) maps.push("-map", `0:${track.index}`);
    else {
      const filters = soundFilters(track, sound, loudness[position]);
      graph.push(soundGraph({ spans, index: track.index, label: `sound${position}`, filters }));
      maps.push("-map", `[sound${position}]`);
    }
  });
  return {
    inputs: (files) => sourceInputs(spans, files),
    filters: graph.length > 0 ? ["-filter_complex", graph.join(";")] : [],
    maps,
  };
}

function pictureGraph(rendition: Rendition): string {
  const { picture, spans, work } = rendition;
  const filters = pictureFilters(work);
  if (spans.length <= 1) return `[0:${picture.index}]${filters.join(",") || "null"}[picture]`;
  const pads = spans.map((_, input) => `[${input}:${picture.index}]`).join("");
  return `${pads}concat=n=${spans.length}:v=1:a=0${filters.map((filter) => `,${filter}`).join("")}[picture]`;
}

function pictureEncoder(rendition: Rendition, rate: RateControl, threads: number): string[] {
  const { output, pixelFormat, fps, work, keepsHdr, picture } = rendition;
  if (output.codec === "copy") return [];
  const encoder = encoderArguments({
    codec: output.codec,
    output,
    rate,
    pixelFormat,
    threads,
    fps: fps ? perSecond(fps) : null,
    dynamicRange: keepsHdr ? picture.dynamicRange : "SDR",
    mastering: keepsHdr ? picture.mastering : null,
  });
  // A steady rate is kept as a constant one where it was asked for; else the source's timestamps are.
  return [...encoder, "-fps_mode:v", work.fps ? "cfr" : "vfr", ...colorArguments(rendition)];
}

/** The colour the pixels have after the filters; an unknown one stays unsaid. */
function colorArguments({ work, picture }: Rendition): string[] {
  if (work.toneMapFrom) {
    return ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"];
  }
  const { primaries, transfer, matrix } = picture.color;
  const known = (value: string | null) =>
    value !== null && value !== "unknown" && value !== "reserved" && value !== "gbr";
  return [
    ...(known(primaries) ? ["-color_primaries", `${primaries}`] : []),
    ...(known(transfer) ? ["-color_trc", `${transfer}`] : []),
    ...(known(matrix) ? ["-colorspace", `${matrix}`] : []),
  ];
}

/** Tags of the source's own container, and where it was recorded, which must not slip into a rendition. */
const NEVER_KEPT = [
  ...["major_brand", "minor_version", "compatible_brands", "encoder"],
  ...["location", "location-eng", "com.apple.quicktime.location.ISO6709"],
];

function metadataArguments(rendition: Rendition, sounds: readonly AudioStream[]): string[] {
  const { output, sound, spans } = rendition;
  const strip = output.metadata === "Strip";
  const moved = spans.length > 0 || (output.speed ?? 1) !== 1;
  return [
    ...["-map_metadata", strip ? "-1" : "0"],
    ...(strip ? [] : NEVER_KEPT.flatMap((tag) => ["-metadata", `${tag}=`])),
    ...timecodeArguments(rendition),
    // Chapters hold times of the source, which no longer fit what was cut or sped up.
    ...["-map_chapters", strip || moved ? "-1" : "0"],
    // Streams out of a filter graph have lost the source's tags.
    ...(sound ? sounds.flatMap((track, position) => trackTags(track, position, strip)) : []),
  ];
}

/** Editors find a proxy's original by timecode and reel; MP4 and MOV keep them in a track, others as tags. */
function timecodeArguments({ timecode, reelName, output }: Rendition): string[] {
  const hasTrack = output.container === "mov" || output.container === "mp4";
  return [
    ...(timecode ? (hasTrack ? ["-timecode", timecode] : ["-metadata:s:v:0", `timecode=${timecode}`]) : []),
    ...(reelName ? ["-metadata:s:v:0", `reel_name=${reelName}`] : []),
  ];
}

function trackTags({ language, title }: AudioStream, position: number, strip: boolean): string[] {
  return [
    ...(language ? [`-metadata:s:a:${position}`, `language=${language}`] : []),
    ...(title && !strip ? [`-metadata:s:a:${position}`, `title=${title}`] : []),
    ...[`-disposition:a:${position}`, position === 0 ? "default" : "0"],
  ];
}

function containerArguments({ output }: Rendition): string[] {
  switch (output.container) {
    case "mp4":
    case "mov":
      return ["-movflags", "+faststart"];
    default:
      return [];
  }
}
