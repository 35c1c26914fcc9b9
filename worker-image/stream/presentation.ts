import type { StreamOutput } from "../../crds/outputs/stream.ts";
import { videoOutput } from "../../crds/outputs/video.ts";
import type { AudioStream, MediaRecord, Rate, TextStream } from "../probe/record.ts";
import { encoderArguments } from "../video/encoders.ts";
import { pictureFilters } from "../video/filters.ts";
import { pictureOf, planRendition, type Rendition, steadyRate } from "../video/rendition.ts";
import {
  type MeasuredLoudness,
  type SoundWish,
  soundEncoderArguments,
  soundFilters,
} from "../video/sound.ts";
import { soundGraph, sourceInputs } from "../video/spans.ts";
import { exactRate, perSecond } from "../video/timing.ts";
import { ladderOf, type Rung } from "./ladder.ts";
import { planThumbnails, sheetArguments, sheetFilters, type ThumbnailSheets } from "./thumbnails.ts";

/** Everything decided about a stream before ffmpeg runs, and the argument list of its one run. Pure. */
export interface Presentation {
  output: StreamOutput;
  /** The largest rung as a rendition: what all pictures go through before they are scaled apart. */
  top: Rendition;
  rungs: Rung[];
  fps: Rate;
  tracks: AudioStream[];
  /** Texts that become WebVTT. */
  subtitles: TextStream[];
  thumbnails: ThumbnailSheets | undefined;
  sound: SoundWish;
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
    tracks: plain.tracks,
    subtitles: plain.subtitles,
    thumbnails:
      output.thumbnails && smallest
        ? planThumbnails(output.thumbnails, { picture: smallest.size, seconds: plain.expectedSeconds })
        : undefined,
    sound: {
      codec: "aac",
      soundtrack: {
        channels: "Stereo",
        sampleRateHz: 48_000,
        bitrateKbps: output.audio.bitrateKbps,
        loudness: output.audio.loudness,
      },
      speed: 1,
    },
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
  /** Of each rung and each track, in their order. */
  videoPaths: string[];
  audioPaths: string[];
  subtitlePaths: string[];
  /** Where sheets of thumbnails go, and what stands before their names. */
  sheets: { directory: string; prefix: string };
}

/**
 * One run for everything: the source is decoded once, filtered once at the largest size and scaled apart, and
 * every track of sound is encoded once.
 */
export function presentationArguments(
  presentation: Presentation,
  files: StreamFiles,
  loudness: (MeasuredLoudness | undefined)[] = [],
): string[] {
  const { top, rungs, tracks, subtitles, thumbnails, sound } = presentation;
  const graph = [
    pictureGraph(presentation),
    ...tracks.map((track, at) =>
      soundGraph({
        spans: [],
        index: track.index,
        label: `sound${at}`,
        filters: soundFilters(track, sound, loudness[at]),
      }),
    ),
  ];
  return [
    ...sourceInputs([], files),
    ...["-filter_complex", graph.join(";")],
    ...rungs.flatMap((rung, at) => [
      ...["-map", `[rung${at}]`],
      ...pictureEncoder(presentation, rung, files.threads),
      ...(top.work.toneMapFrom ? BT709 : []),
      ...["-map_metadata", "-1", "-map_chapters", "-1"],
      ...["-movflags", `+frag_keyframe${FRAGMENTED}`, "-f", "mp4", `file:${files.videoPaths[at]}`],
    ]),
    ...tracks.flatMap((track, at) => [
      ...["-map", `[sound${at}]`],
      ...soundEncoderArguments(track, 0, sound),
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

const BT709 = [
  "-color_primaries",
  "bt709",
  "-color_trc",
  "bt709",
  "-colorspace",
  "bt709",
  "-color_range",
  "tv",
];

/**
 * Each rung is scaled from the next larger one: a scaler reads every line of what it is given, so four rungs out
 * of the largest cost almost twice as much. Measured against scaling each from the largest in `docs/streaming.md`.
 */
function pictureGraph({ top, rungs, thumbnails }: Presentation): string {
  const chains: string[] = [];
  let from = `[0:${top.picture.index}]${pictureFilters(top.work).join(",") || "null"}`;
  for (let at = rungs.length - 1; at >= 0; at--) {
    const size = rungs[at]?.size ?? top.size;
    const above = rungs[at + 1]?.size ?? top.size;
    const scale =
      size.width === above.width && size.height === above.height
        ? ""
        : `${from.endsWith("]") ? "" : ","}scale=${size.width}:${size.height}:flags=bicubic,setsar=1`;
    const next = at > 0 ? `[below${at}]` : thumbnails ? "[small]" : "";
    chains.push(`${from}${scale}${next === "" ? "" : `,split${next}`}[rung${at}]`);
    from = next;
  }
  if (thumbnails) chains.push(`${from}${sheetFilters(thumbnails)}[sheets]`);
  return chains.join(";");
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
      dynamicRange: "SDR",
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
