import type { StreamOutput } from "../../crds/outputs/stream.ts";
import { videoOutput } from "../../crds/outputs/video.ts";
import type { MediaRecord, Rate, TextStream } from "../probe/record.ts";
import { colorArguments } from "../video/arguments.ts";
import { encoderArguments } from "../video/encoders.ts";
import { pictureFilters } from "../video/filters.ts";
import { pictureOf, planRendition, type Rendition } from "../video/rendition.ts";
import { type MeasuredLoudness, soundEncoderArguments, soundFilters } from "../video/sound.ts";
import { soundGraph, sourceInputs } from "../video/spans.ts";
import { exactRate, perSecond, steadyRate } from "../video/timing.ts";
import { ladderOf, type Rung } from "./ladder.ts";
import { type Sound, soundsOf } from "./sounds.ts";
import { planThumbnails, sheetArguments, sheetFilters, type ThumbnailSheets } from "./thumbnails.ts";

/** Everything decided about a stream before ffmpeg runs, and the argument list of its one run. Pure. */
export interface Presentation {
  output: StreamOutput;
  /** The largest rung as a rendition: what all pictures go through before they are scaled apart. */
  top: Rendition;
  rungs: Rung[];
  fps: Rate;
  sounds: Sound[];
  /** Texts that become WebVTT. */
  subtitles: TextStream[];
  thumbnails: ThumbnailSheets | undefined;
  expectedSeconds: number | null;
  warnings: { reason: string; message: string }[];
}

/** Where the source's rate varies, segments of equal length need one that does not. */
const RATE_OF_VARYING: Rate = { num: 30, den: 1 };

/** @throws MediaFailure NoVideoStream. */
export function planPresentation(record: MediaRecord, output: StreamOutput): Presentation {
  const picture = pictureOf(record);
  const fps = output.fps !== undefined ? exactRate(output.fps) : (steadyRate(picture) ?? RATE_OF_VARYING);
  const shown = { width: picture.width, height: picture.height, fps: perSecond(fps) };
  const { rungs, leftOut } = ladderOf(shown, output);
  const largest = rungs.at(-1);
  const plain = planRendition(
    record,
    videoOutput.parse({
      codec: output.codec,
      ...(output.preset && { preset: output.preset }),
      ...(output.crf !== undefined && { crf: output.crf }),
      ...(largest && { ...largest.size, fit: "fill", enlarge: true }),
      dynamicRange: output.dynamicRange,
      keyframeIntervalSeconds: output.segmentSeconds,
      audio: { tracks: output.audio.tracks },
      subtitles: output.subtitles,
    }),
  );
  const [smallest] = rungs;
  return {
    output,
    top: { ...plain, work: { ...plain.work, fps } },
    rungs,
    fps,
    sounds: soundsOf(plain.tracks, output.audio),
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
  const { top, rungs, sounds, subtitles, thumbnails } = presentation;
  const graph = [
    pictureGraph(presentation),
    ...sounds.map(({ track, wish }, at) =>
      soundGraph({
        spans: [],
        index: track.index,
        label: `sound${at}`,
        filters: soundFilters(track, wish, loudness[at]),
      }),
    ),
  ];
  return [
    ...sourceInputs([], files),
    ...["-filter_complex", graph.join(";")],
    ...rungs.flatMap((rung, at) => [
      ...["-map", `[rung${at}]`],
      ...pictureEncoder(presentation, rung, files.threads),
      ...colorArguments(top),
      ...["-map_metadata", "-1", "-map_chapters", "-1"],
      ...["-movflags", `+frag_keyframe${FRAGMENTED}`, "-f", "mp4", `file:${files.videoPaths[at]}`],
    ]),
    ...sounds.flatMap(({ track, wish }, at) => [
      ...["-map", `[sound${at}]`],
      ...soundEncoderArguments(track, 0, wish),
      ...(track.language ? ["-metadata:s:a:0", `language=${track.language}`] : []),
      ...["-map_metadata", "-1", "-map_chapters", "-1"],
      ...["-frag_duration", `${presentation.output.segmentSeconds * 1e6}`],
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
function pictureGraph({ top, rungs, thumbnails }: Presentation): string {
  const sources = scaledFrom(rungs);
  const graphs = rungs.map(({ size }, at) => {
    const from = sources[at];
    const above = from === undefined ? top.size : rungs[from]?.size;
    const isScaled = size.width !== above?.width || size.height !== above.height;
    const filters = [
      ...(from === undefined ? pictureFilters(top.work) : []),
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
  if (thumbnails) graphs.push(`[small]${sheetFilters(thumbnails)}[sheets]`);
  return graphs.join(";");
}

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

function pictureEncoder({ top, output, fps }: Presentation, rung: Rung, threads: number): string[] {
  return [
    ...encoderArguments({
      codec: output.codec,
      output: top.output,
      rate: rateOf(top, rung, output.codec),
      pixelFormat: top.pixelFormat,
      threads,
      fps: perSecond(fps),
      closedInterval: true,
      dynamicRange: top.keepsHdr ? top.picture.dynamicRange : "SDR",
      mastering: top.keepsHdr ? top.picture.mastering : null,
    }),
    ...["-fps_mode:v", "cfr"],
  ];
}

/** A crf below a cap; SVT-AV1 knows no cap with a crf, so it gets the bitrate. */
function rateOf({ rate }: Rendition, { bitrateKbps }: Rung, codec: StreamOutput["codec"]) {
  if (codec === "av1") return { bitrateKbps };
  return {
    ...(rate.crf !== undefined && { crf: rate.crf }),
    maxBitrateKbps: bitrateKbps,
    bufferKbits: bitrateKbps * 2,
  };
}
