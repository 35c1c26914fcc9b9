import { isHardwareCodec } from "../../crds/unit.ts";
import { inputArguments } from "../probe/media-input.ts";
import type { AudioStream } from "../probe/record.ts";
import { encoderArguments, hevcTag, type RateControl } from "./encoders.ts";
import { FAMILIES, hardwareArguments } from "./hardware/hardware.ts";
import { keptTags } from "./kept-tags.ts";
import { alphaDecoder } from "./picture/alpha.ts";
import { colorArguments } from "./picture/color.ts";
import { companionInputs, inputsOf, pictureGraph, soundOf } from "./picture/graph.ts";
import { quickTimeLanguage } from "./quicktime-language.ts";
import type { Rendition } from "./rendition.ts";
import { type MeasuredLoudness, measuringFilters, soundEncoderArguments } from "./sound/sound.ts";
import { subtitleArguments } from "./subtitles/subtitle-tracks.ts";
import { soundGraph, sourceInputs, WHOLE } from "./time/spans.ts";
import { perSecond } from "./time/timing.ts";

/** Turns a rendition into ffmpeg's argument list. Pure; nothing is decided here. */

export interface Files {
  sourcePath: string;
  targetPath: string;
  threads: number;
}

/** The muxer of each container, named so that the file's temporary name does not matter. */
const MUXERS = { mp4: "mp4", mov: "mov", mkv: "matroska", webm: "webm" } as const;

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
  const heard = firstPass ? { ...rendition, tracks: [], subtitles: [], fonts: [] } : rendition;
  const graph = streams(heard, heard.tracks, loudness);
  return [
    ...(rendition.hardware ? FAMILIES[rendition.hardware].device : []),
    ...graph.inputs(files),
    ...graph.filters,
    ...outputArguments(heard, { maps: graph.maps, rate, threads: files.threads }),
    ...(firstPass ? ["-f", "null", "-"] : targetArguments(rendition, files.targetPath)),
  ];
}

/** How the streams that are mapped become one output; the file itself follows. */
export function outputArguments(
  rendition: Rendition,
  { maps, rate, threads }: { maps: readonly string[]; rate: RateControl; threads: number },
): string[] {
  const { output, tracks } = rendition;
  return [
    ...maps,
    ...subtitleArguments(rendition, output.container),
    ...(output.codec === "copy" ? copying(rendition) : pictureEncoder(rendition, rate, threads)),
    ...soundEncoders(rendition, tracks),
    ...metadataArguments(rendition, tracks),
    ...["-max_muxing_queue_size", `${MUXING_QUEUE_PACKETS}`],
  ];
}

export const targetArguments = (rendition: Rendition, path: string): string[] => [
  ...containerArguments(rendition),
  ...["-f", MUXERS[rendition.output.container], `file:${path}`],
];

/** What a part needs to know beside its window; see `part.ts`. */
export interface PartFiles extends Files {
  /** Where in the source reading begins: before the window, so that filters have neighbours. */
  seekSeconds: number;
}

/**
 * A run that makes the pictures of a window of the source. They keep their time in the source, to the tick:
 * `-copyts -start_at_zero` counts from the source's start wherever reading begins, and the container says how
 * late its first frame is in microseconds, where the default of milliseconds would move it.
 */
export function partArguments(rendition: Rendition, { seekSeconds, ...files }: PartFiles): string[] {
  const { work, output } = rendition;
  const seek = seekSeconds > 0 ? ["-ss", `${seekSeconds}`] : [];
  // A rate is made constant from what was shown before: reading begins at the keyframe, however early.
  const early = (work.fps || work.interpolate) && seekSeconds > 0 ? ["-noaccurate_seek"] : [];
  return [
    ...["-copyts", "-start_at_zero"],
    ...inputArguments(files.sourcePath, {
      options: ["-threads", `${files.threads}`, ...alphaDecoder(rendition), ...early, ...seek],
    }),
    ...companionInputs(rendition.companions, files.threads),
    ...["-filter_complex", pictureGraph(rendition), "-map", "[picture]"],
    ...pictureEncoder(rendition, rendition.rate, files.threads),
    ...["-map_metadata", "-1", "-map_chapters", "-1"],
    ...["-max_muxing_queue_size", `${MUXING_QUEUE_PACKETS}`],
    ...["-movie_timescale", "1000000", "-f", partContainer(output), `file:${files.targetPath}`],
  ];
}

/** Parts are MP4 or, for editing codecs, MOV: both keep every clock exact and need no look at the packets. */
export const partContainer = ({ codec }: Rendition["output"]): "mp4" | "mov" =>
  codec === "prores" || codec === "dnxhr" ? "mov" : "mp4";

/** What the joining run reads beside the source. */
export interface JoinFiles extends Files {
  /** ffconcat text that names the parts, written by the worker itself. */
  listPath: string;
  /** Time of the first frame, in seconds of the source. */
  offsetSeconds: number;
}

/** A run that puts parts together as they are and makes everything else from the source, as one run would. */
export function joinArguments(
  rendition: Rendition,
  { listPath, offsetSeconds, ...files }: JoinFiles,
  loudness: (MeasuredLoudness | undefined)[],
): string[] {
  const { output, tracks } = rendition;
  const sounds = tracks.map((track, position) => soundOf({ track, position }, rendition, loudness[position]));
  const graph = sounds.flatMap(({ filters }) => filters);
  return [
    ...sourceInputs(WHOLE, files, ["-vn"]),
    ...["-protocol_whitelist", "file,pipe", "-format_whitelist", "concat,mov", "-safe", "0"],
    ...(offsetSeconds > 0 ? ["-itsoffset", `${offsetSeconds}`] : []),
    ...["-f", "concat", "-i", `file:${listPath}`],
    ...(graph.length > 0 ? ["-filter_complex", graph.join(";")] : []),
    ...["-map", "1:v:0", ...sounds.flatMap(({ map }) => ["-map", map])],
    ...subtitleArguments(rendition, output.container),
    ...["-c:v", "copy", ...(output.codec === "h265" ? hevcTag(output.container) : [])],
    ...soundEncoders(rendition, tracks),
    ...metadataArguments(rendition, tracks),
    ...["-max_muxing_queue_size", `${MUXING_QUEUE_PACKETS}`],
    ...[...containerArguments(rendition), "-f", MUXERS[output.container], `file:${files.targetPath}`],
  ];
}

/** A run that only measures one track's loudness, on the same spans as the real one. */
export function loudnessArguments(rendition: Rendition, track: AudioStream, files: Files): string[] {
  const { sound } = rendition;
  if (!sound) return [];
  const graph = soundGraph(rendition, {
    index: track.index,
    label: "measured",
    filters: measuringFilters(track, sound),
  });
  return [
    ...sourceInputs(rendition, files, ["-vn"]),
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
  const { picture, output } = rendition;
  const graph: string[] = [];
  const maps: string[] = [];
  if (output.codec === "copy") maps.push("-map", `0:${picture.index}`);
  else {
    graph.push(pictureGraph(rendition));
    maps.push("-map", "[picture]");
  }
  sounds.forEach((track, position) => {
    const { filters, map } = soundOf({ track, position }, rendition, loudness[position]);
    graph.push(...filters);
    maps.push("-map", map);
  });
  return {
    inputs: (files) => inputsOf(rendition, files),
    filters: graph.length > 0 ? ["-filter_complex", graph.join(";")] : [],
    maps,
  };
}

function soundEncoders({ soundCodec, sound }: Rendition, sounds: AudioStream[]): string[] {
  return [
    ...(soundCodec === "copy" && sounds.length > 0 ? ["-c:a", "copy"] : []),
    ...(sound ? sounds.flatMap((track, position) => soundEncoderArguments(track, position, sound)) : []),
  ];
}

/** Dolby Vision without another layer has a name of its own, which Apple's players know. */
function copying({ output, picture }: Rendition): string[] {
  const isHevc = picture.codec === "hevc" && picture.dolbyVisionProfile !== 5;
  return ["-c:v", "copy", ...(isHevc ? hevcTag(output.container) : [])];
}

function pictureEncoder(rendition: Rendition, rate: RateControl, threads: number): string[] {
  const { output, pixelFormat, fps, work, keepsHdr, picture, hardware } = rendition;
  if (output.codec === "copy") return [];
  const wish = {
    codec: output.codec,
    output,
    rate,
    pixelFormat,
    threads,
    fps: fps ? perSecond(fps) : null,
    startSeconds: work.window?.startSeconds,
    keepsFields: work.keepsFields,
    dynamicRange: keepsHdr ? picture.dynamicRange : "SDR",
    mastering: keepsHdr ? picture.mastering : null,
  };
  const encoder =
    hardware && isHardwareCodec(output.codec)
      ? hardwareArguments(hardware, { ...wish, codec: output.codec })
      : encoderArguments(wish);
  // A steady rate is kept as a constant one where it was asked for; else the source's timestamps are. A later
  // part has time before it, which a constant rate would fill with copies of its first frame.
  const constant = work.fps && work.window?.startSeconds === undefined;
  return [
    ...encoder,
    ...["-fps_mode:v", constant ? "cfr" : "vfr"],
    ...(fps ? [] : VARYING_CLOCK),
    ...colorArguments(rendition),
  ];
}

/**
 * The encoder's clock is that of a rate, by default the one which ffmpeg found in the first frames of the source: where
 * others follow more closely, those that fall on one tick would be dropped. This clock is that of transport streams.
 */
const VARYING_CLOCK = ["-enc_time_base:v", "1/90000"] as const;

function metadataArguments(rendition: Rendition, sounds: readonly AudioStream[]): string[] {
  const { output, sound, spans, appended, placeTags, tagStream, subtitles } = rendition;
  const strip = output.metadata === "Strip";
  const moved = spans.length > 0 || appended.length > 0 || (output.speed ?? 1) !== 1;
  return [
    ...keptTags(output.metadata, { placeTags, tagStream, leftOut: ["timecode", "reel_name"] }),
    ...timecodeArguments(rendition),
    // Chapters hold times of the source, which no longer fit what was cut or sped up.
    ...["-map_chapters", strip || moved ? "-1" : "0"],
    // Streams out of a filter graph have lost the source's tags; those that are copied bring them unless stripped.
    ...sounds.flatMap((track, position) => (sound ? soundTags(track, position, rendition) : [])),
    // A language is no metadata: a player chooses by it. What MOV calls another way has to be told of copies too.
    ...(strip || output.container === "mov"
      ? languageTags({ sounds: sound ? [] : sounds, subtitles }, output)
      : []),
    ...(strip ? fontNames(rendition) : []),
  ];
}

function languageTags(
  { sounds, subtitles }: Pick<Rendition, "subtitles"> & { sounds: readonly AudioStream[] },
  output: Rendition["output"],
): string[] {
  return [
    ...sounds.flatMap((track, position) => languageTag(`a:${position}`, track, output)),
    ...subtitles.flatMap((track, position) => languageTag(`s:${position}`, track, output)),
  ];
}

/** By which a font is found. */
const fontNames = ({ fonts }: Pick<Rendition, "fonts">): string[] =>
  fonts.flatMap(({ index }, position) => [`-map_metadata:s:t:${position}`, `0:s:${index}`]);

/** Editors find a proxy's original by timecode and reel. MOV keeps both in a track, MP4 the timecode alone, others tags. */
function timecodeArguments({ timecode, reelName, output }: Rendition): string[] {
  const hasTrack = output.container === "mov" || output.container === "mp4";
  return [
    ...(timecode ? (hasTrack ? ["-timecode", timecode] : ["-metadata:s:v:0", `timecode=${timecode}`]) : []),
    ...(reelName ? ["-metadata:s:v:0", `reel_name=${reelName}`] : []),
  ];
}

function languageTag(
  stream: string,
  { language }: { language: string | null },
  { container }: Rendition["output"],
): string[] {
  if (language === null) return [];
  const tag = container === "mov" ? quickTimeLanguage(language) : language;
  return [`-metadata:s:${stream}`, `language=${tag}`];
}

function soundTags(track: AudioStream, position: number, { output }: Rendition): string[] {
  const { title } = track;
  const strip = output.metadata === "Strip";
  return [
    ...languageTag(`a:${position}`, track, output),
    // MP4 has no title for a track that players would show: they show the name of its handler.
    ...(title && !strip
      ? ["title", "handler_name"].flatMap((tag) => [`-metadata:s:a:${position}`, `${tag}=${title}`])
      : []),
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
