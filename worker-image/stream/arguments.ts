import { inputArguments } from "../probe/media-input.ts";
import { encoderArguments, hevcTag } from "../video/encoders.ts";
import { colorArguments } from "../video/picture/color.ts";
import { pictureFilters } from "../video/picture/filters.ts";
import type { Rendition } from "../video/rendition.ts";
import {
  type MeasuredLoudness,
  measuringFilters,
  soundEncoderArguments,
  soundFilters,
} from "../video/sound/sound.ts";
import { soundGraph, sourceInputs, WHOLE } from "../video/time/spans.ts";
import { perSecond } from "../video/time/timing.ts";
import type { Rung } from "./ladder.ts";
import type { Presentation } from "./presentation.ts";
import { sheetArguments, sheetFilters } from "./thumbnails.ts";

/** Turns a presentation into ffmpeg's argument lists. Pure; nothing is decided here. */

export interface StreamFiles {
  sourcePath: string;
  threads: number;
  /** Of each rung and each sound, in their order. */
  videoPaths: string[];
  audioPaths: string[];
  subtitlePaths: string[];
  /** Where sheets of thumbnails go, and what stands before their names. */
  sheets: { directory: string; prefix: string };
}

/**
 * One run for everything: the source is decoded once, filtered once at the largest size and scaled apart, and
 * every track of sound is encoded once, whole.
 */
export function presentationArguments(
  presentation: Presentation,
  files: StreamFiles,
  loudness: (MeasuredLoudness | undefined)[] = [],
): string[] {
  const graph = [pictureGraph(presentation), ...soundGraphs(presentation, loudness)];
  return [
    ...sourceInputs(WHOLE, files),
    ...["-filter_complex", graph.join(";")],
    ...presentation.rungs.flatMap((rung, at) => [
      ...["-map", `[rung${at}]`],
      ...pictureEncoder(presentation, rung, files.threads),
      ...pictureFile(files.videoPaths[at]),
    ]),
    ...companionOutputs(presentation, files),
  ];
}

/** A run that makes the pictures of a window of the source, for a unit that joins: see `video/arguments.ts`. */
export function partArguments(
  presentation: Presentation,
  files: Pick<StreamFiles, "sourcePath" | "threads" | "videoPaths"> & {
    /** Where in the source reading begins: before the window, so that filters have neighbours. */
    seekSeconds: number;
  },
): string[] {
  const { sourcePath, threads, seekSeconds } = files;
  // The rate is made constant from what was shown before: reading begins at the keyframe, however early.
  const seek = seekSeconds > 0 ? ["-noaccurate_seek", "-ss", `${seekSeconds}`] : [];
  return [
    ...["-copyts", "-start_at_zero"],
    ...inputArguments(sourcePath, { options: ["-threads", `${threads}`, ...seek] }),
    ...["-filter_complex", pictureGraph(presentation)],
    ...presentation.rungs.flatMap((rung, at) => [
      ...["-map", `[rung${at}]`],
      ...pictureEncoder(presentation, rung, threads),
      ...["-map_metadata", "-1", "-map_chapters", "-1"],
      ...["-movie_timescale", "1000000", "-f", "mp4", `file:${files.videoPaths[at]}`],
    ]),
  ];
}

/** What the joining run reads beside the source. */
export interface JoinFiles extends StreamFiles {
  /** ffconcat texts that name the parts of each rung, written by the worker itself. */
  listPaths: string[];
  /** Time of the first frame, in seconds of the source. */
  offsetSeconds: number;
}

/** A run that puts parts together as they are and makes everything else from the source, as one run would. */
export function joinArguments(
  presentation: Presentation,
  { listPaths, offsetSeconds, ...files }: JoinFiles,
  loudness: (MeasuredLoudness | undefined)[] = [],
): string[] {
  const { output, thumbnails, top } = presentation;
  const graph = [
    ...soundGraphs(presentation, loudness),
    ...(thumbnails ? [`[1:v:0]${sheetFilters(thumbnails, top)}[sheets]`] : []),
  ];
  return [
    ...sourceInputs(WHOLE, files, ["-vn"]),
    ...listPaths.flatMap((path) => [
      ...["-protocol_whitelist", "file,pipe", "-format_whitelist", "concat,mov", "-safe", "0"],
      ...(offsetSeconds > 0 ? ["-itsoffset", `${offsetSeconds}`] : []),
      ...["-f", "concat", "-i", `file:${path}`],
    ]),
    ...(graph.length > 0 ? ["-filter_complex", graph.join(";")] : []),
    ...listPaths.flatMap((_, at) => [
      ...["-map", `${at + 1}:v:0`, "-c:v", "copy", ...(output.codec === "h265" ? hevcTag("mp4") : [])],
      ...pictureFile(files.videoPaths[at]),
    ]),
    ...companionOutputs(presentation, files),
  ];
}

/** A run that only measures how loud one sound is. */
export function loudnessArguments(
  { track, wish }: Presentation["sounds"][number],
  files: Pick<StreamFiles, "sourcePath" | "threads">,
): string[] {
  const filters = measuringFilters(track, wish);
  return [
    ...sourceInputs(WHOLE, files, ["-vn"]),
    ...["-filter_complex", soundGraph(WHOLE, { index: track.index, label: "measured", filters })],
    ...["-map", "[measured]", "-f", "null", "-"],
  ];
}

const soundGraphs = ({ sounds }: Presentation, loudness: (MeasuredLoudness | undefined)[]): string[] =>
  sounds.map(({ track, wish, silentSeconds }, at) =>
    soundGraph(WHOLE, {
      index: track.index,
      label: `sound${at}`,
      filters: [
        ...soundFilters(track, wish, loudness[at]),
        ...(silentSeconds > 0 ? [`apad=pad_dur=${silentSeconds.toFixed(6)}`] : []),
      ],
    }),
  );

const pictureFile = (path: string | undefined): string[] => [
  ...["-map_metadata", "-1", "-map_chapters", "-1"],
  ...["-movflags", `+frag_keyframe${FRAGMENTED}`, "-f", "mp4", `file:${path}`],
];

/** Sound, texts and sheets, from the graph and the source. */
function companionOutputs(
  { output, sounds, subtitles, thumbnails }: Presentation,
  files: StreamFiles,
): string[] {
  return [
    ...sounds.flatMap(({ track, wish }, at) => [
      ...["-map", `[sound${at}]`],
      ...soundEncoderArguments(track, 0, wish),
      ...(track.language ? ["-metadata:s:a:0", `language=${track.language}`] : []),
      ...["-map_metadata", "-1", "-map_chapters", "-1"],
      ...["-frag_duration", `${output.segmentSeconds * 1e6}`],
      ...["-movflags", FRAGMENTED, "-f", "mp4", `file:${files.audioPaths[at]}`],
    ]),
    ...subtitles.flatMap(({ index }, at) => [
      ...["-map", `0:${index}`, "-c:s", "webvtt", "-f", "webvtt", `file:${files.subtitlePaths[at]}`],
    ]),
    ...(thumbnails ? ["-map", "[sheets]", ...sheetArguments(files.sheets)] : []),
  ];
}

/**
 * Fragments with an index of all of them at the front. The moov waits for the first packets, so that its edit
 * list takes away the encoder's delay: without it sound is 21 ms late and pictures are a frame late (measured).
 */
const FRAGMENTED = "+delay_moov+default_base_moof+global_sidx";

/** One decode and one filtering at the largest size; the rungs are scaled one from the other, see `scaledFrom`. */
function pictureGraph(presentation: Presentation): string {
  const { top, rungs, thumbnails } = presentation;
  const sources = scaledFrom(rungs);
  const graphs = rungs.map(({ size }, at) => {
    const from = sources[at];
    const above = from === undefined ? top.size : rungs[from]?.size;
    const isScaled = size.width !== above?.width || size.height !== above.height;
    const filters = [
      ...(from === undefined ? [...lastHeld(presentation), ...pictureFilters(top.work)] : []),
      ...(isScaled ? [`scale=${size.width}:${size.height}:flags=bicubic`, "setsar=1"] : []),
    ];
    const pads = [
      `[rung${at}]`,
      ...sources.flatMap((source, smaller) => (source === at ? [`[scale${smaller}]`] : [])),
      ...(at === 0 && thumbnails ? ["[small]"] : []),
    ];
    const split = pads.length > 1 ? [`split=${pads.length}`] : [];
    const input = from === undefined ? `[0:${top.picture.index}]` : `[scale${at}]`;
    return `${input}${[...filters, ...split].join(",") || "null"}${pads.join("")}`;
  });
  if (thumbnails) graphs.push(`[small]${sheetFilters(thumbnails, top)}[sheets]`);
  return graphs.join(";");
}

/** Frames are held for so many, so their rate has to be steady before. */
const lastHeld = ({ fps, stillSeconds }: Presentation): string[] =>
  stillSeconds > 0
    ? [`fps=${fps.num}/${fps.den}`, `tpad=stop_mode=clone:stop_duration=${stillSeconds.toFixed(6)}`]
    : [];

/**
 * The rung that each is scaled from, by index; undefined for the largest, which comes from the source. A scaler
 * reads every line of what it is given, so it is given the smallest rung that is half as large again. From one that
 * is closer in size pictures would pass more scalers, and lose what can be seen: 0.0035 of SSIM at 360p out of 480p
 * out of 720p out of 1080p.
 */
export function scaledFrom(rungs: readonly Rung[]): (number | undefined)[] {
  const sideOf = ({ size }: Rung) => Math.min(size.width, size.height);
  return rungs.map((rung, at) => {
    if (at === rungs.length - 1) return undefined;
    const larger = rungs.findIndex((other, index) => index > at && sideOf(other) >= sideOf(rung) * 1.5);
    return larger === -1 ? rungs.length - 1 : larger;
  });
}

/**
 * Threads of a rung's encoder. On two cores the encoders of small rungs have one each: x264 then works where it is
 * called, beside the two threads of the largest, and all of them get less into each other's way: 8 % less processor
 * time for four rungs at `medium`, and less wall time. On more cores what is called would hold up the others.
 */
function encoderThreads({ rungs, output }: Presentation, rung: Rung, threads: number): number {
  const isLargest = rung === rungs.at(-1);
  return output.codec === "h264" && threads <= 2 && !isLargest ? 1 : threads;
}

function pictureEncoder(presentation: Presentation, rung: Rung, threads: number): string[] {
  const { top, output, fps } = presentation;
  const startSeconds = top.work.window?.startSeconds;
  return [
    ...encoderArguments({
      codec: output.codec,
      output: top.output,
      rate: rateOf(top, rung),
      pixelFormat: top.pixelFormat,
      threads: encoderThreads(presentation, rung, threads),
      fps: perSecond(fps),
      startSeconds,
      closedInterval: true,
      dynamicRange: top.keepsHdr ? top.picture.dynamicRange : "SDR",
      mastering: top.keepsHdr ? top.picture.mastering : null,
    }),
    // A later part has time before it, which a constant rate would fill with copies of its first frame.
    ...["-fps_mode:v", startSeconds === undefined ? "cfr" : "vfr"],
    ...colorArguments(top),
  ];
}

/** A crf below a cap. */
const rateOf = ({ rate }: Rendition, { bitrateKbps }: Rung) => ({
  ...(rate.crf !== undefined && { crf: rate.crf }),
  maxBitrateKbps: bitrateKbps,
  bufferKbits: bitrateKbps * 2,
});
