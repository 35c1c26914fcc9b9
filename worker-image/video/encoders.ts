import type { VideoOutput } from "../../crds/outputs/video.ts";
import { bitDepthOf, chromaOf } from "../probe/pixel-format.ts";
import type { DynamicRange, Mastering } from "../probe/record.ts";
import type { Size } from "./picture/geometry.ts";

/**
 * How each codec's wishes become ffmpeg's arguments. Numbers of one encoder mean nothing to another, so crf,
 * quality words and presets are mapped by tables, and an encoder that lacks an option is never given it.
 */

export type EncodedCodec = Exclude<VideoOutput["codec"], "copy">;

interface Encoder {
  /** ffmpeg's name. */
  name: string;
  /** What ffprobe calls the codec it makes. */
  codec: string;
  /** crf of each quality word; only encoders that have a crf. Equal words look about equally good. */
  crf?: Record<NonNullable<VideoOutput["quality"]>, number>;
}

export const ENCODERS: Record<EncodedCodec, Encoder> = {
  h264: { name: "libx264", codec: "h264", crf: { Low: 32, Medium: 27, High: 23, Maximum: 18 } },
  h265: { name: "libx265", codec: "hevc", crf: { Low: 36, Medium: 32, High: 28, Maximum: 22 } },
  vp9: { name: "libvpx-vp9", codec: "vp9", crf: { Low: 42, Medium: 36, High: 31, Maximum: 22 } },
  av1: { name: "libsvtav1", codec: "av1", crf: { Low: 50, Medium: 42, High: 35, Maximum: 24 } },
  prores: { name: "prores_ks", codec: "prores" },
  dnxhr: { name: "dnxhd", codec: "dnxhd" },
};

/** The smallest pictures that encoders make, where that is not next to nothing. Tried with ffmpeg 5.1. */
const LEAST_SIZES: Partial<Record<VideoOutput["codec"], Size>> = {
  h265: { width: 16, height: 16 },
  av1: { width: 64, height: 64 },
  dnxhr: { width: 256, height: 120 },
};

/** The largest, where sources or what is made of them may have more. Tried with ffmpeg 5.1 as Debian builds it. */
const LARGEST_SIZES: Partial<Record<VideoOutput["codec"], Size>> = {
  h264: { width: 16_384, height: 16_384 },
  vp9: { width: 16_384, height: 16_384 },
  av1: { width: 16_384, height: 8704 },
};

/** Why a codec cannot make pictures of a size; undefined when it can. */
export function whyNoPicture(codec: VideoOutput["codec"], { width, height }: Size): string | undefined {
  const least = LEAST_SIZES[codec] ?? { width: 0, height: 0 };
  const largest = LARGEST_SIZES[codec] ?? {
    width: Number.POSITIVE_INFINITY,
    height: Number.POSITIVE_INFINITY,
  };
  const why = (limit: string) => `would be ${width}×${height}, and ${codec} has no picture ${limit}`;
  if (width < least.width || height < least.height) return why(`below ${least.width}×${least.height}`);
  if (width > largest.width || height > largest.height)
    return why(`above ${largest.width}×${largest.height}`);
  return undefined;
}

type Preset = NonNullable<VideoOutput["preset"]>;

/** libvpx: `-deadline good` with cpu-used 5 (fast) to 0; realtime beyond. */
const VP9_CPU_USED: Record<Preset, number> = {
  ultrafast: 8,
  superfast: 7,
  veryfast: 6,
  faster: 5,
  fast: 4,
  medium: 3,
  slow: 2,
  slower: 1,
  veryslow: 0,
};

/** SVT-AV1: 13 (fastest) to 0. */
const AV1_PRESETS: Record<Preset, number> = {
  ultrafast: 12,
  superfast: 11,
  veryfast: 10,
  faster: 9,
  fast: 8,
  medium: 7,
  slow: 5,
  slower: 4,
  veryslow: 3,
};

/** prores_ks: apco, apcs, apcn, apch, ap4h. */
const PRORES_PROFILES: Record<string, number> = { proxy: 0, lt: 1, standard: 2, hq: 3, 4444: 4 };

/** How the bitrate is decided: by the wish, or worked out from a size. */
export interface RateControl {
  crf?: number;
  bitrateKbps?: number;
  maxBitrateKbps?: number;
  bufferKbits?: number;
  /** 1 or 2 of two passes over the same input; undefined for one pass. */
  pass?: 1 | 2;
  passLogFile?: string;
}

/** The decision the output's fields make; a pass is added by whoever runs two. */
export function rateControlOf(output: VideoOutput, codec: EncodedCodec): RateControl {
  const { crf: words } = ENCODERS[codec];
  if (!words) return {};
  const caps = {
    ...(output.maxBitrateKbps !== undefined && {
      maxBitrateKbps: output.maxBitrateKbps,
      bufferKbits: output.bufferKbits ?? output.maxBitrateKbps * 2,
    }),
  };
  if (output.bitrateKbps !== undefined) return { bitrateKbps: output.bitrateKbps, ...caps };
  return { crf: output.crf ?? words[output.quality ?? "High"], ...caps };
}

/** What containers write of each frame and each packet of sound: MP4 into its tables, Matroska before it. */
const BYTES_BESIDE_PACKET = 16;

/** What is left for the picture of a file of `targetBytes`, after its sound and what the container writes of `packets`. */
export function bitrateForSize(wish: {
  targetBytes: number;
  seconds: number;
  audioKbps: number;
  packets: number;
}): number {
  const bytes = wish.targetBytes - wish.packets * BYTES_BESIDE_PACKET;
  return Math.max(0, Math.floor((bytes * 8) / 1000 / wish.seconds - wish.audioKbps));
}

/** The pixel format where the user names none. */
export function defaultPixelFormat(
  codec: EncodedCodec,
  { profile, hdr, alpha = false }: { profile?: VideoOutput["profile"]; hdr: boolean; alpha?: boolean },
): string {
  if (codec === "prores" && profile === "4444") return alpha ? "yuva444p10le" : "yuv444p10le";
  if (codec === "prores") return "yuv422p10le";
  if (codec === "dnxhr") return profile === "hqx" ? "yuv422p10le" : "yuv422p";
  if (profile === "high422" || profile === "main422-10") return "yuv422p10le";
  if (profile === "high10" || profile === "main10") return "yuv420p10le";
  return hdr ? "yuv420p10le" : "yuv420p";
}

export interface EncodeWish {
  codec: EncodedCodec;
  output: Pick<
    VideoOutput,
    "preset" | "tune" | "profile" | "level" | "keyframeIntervalSeconds" | "container"
  >;
  rate: RateControl;
  pixelFormat: string;
  threads: number;
  /** Frames per second, for the keyframe interval in frames; null when it varies or is unknown. */
  fps: number | null;
  /** Where in the source a part begins, so that its keyframes stand where one run would put them. */
  startSeconds?: number | undefined;
  /** Keyframes nowhere but at the interval, as segments need. */
  closedInterval?: boolean;
  /** Pictures are made of fields; h264 and ProRes alone. Which is first each frame says by itself. */
  keepsFields?: boolean;
  dynamicRange: DynamicRange;
  /** What is known of the grading of HDR that is kept. */
  mastering?: Mastering | null;
}

/** The arguments of one encoder, for the stream `specifier` (`v`, `v:0`). */
export function encoderArguments(wish: EncodeWish, specifier = "v"): string[] {
  const { codec, output, rate, pixelFormat, threads } = wish;
  const preset = output.preset ?? "medium";
  const s = specifier;
  const common = [
    ...[`-c:${s}`, ENCODERS[codec].name],
    ...[`-pix_fmt:${s}`, pixelFormat],
    ...[`-threads:${s}`, `${threads}`],
    ...(wish.keepsFields ? [`-flags:${s}`, "+ildct+ilme"] : []),
  ];
  switch (codec) {
    case "h264":
      return [
        ...common,
        ...[`-preset:${s}`, preset],
        ...(output.tune ? [`-tune:${s}`, output.tune] : []),
        ...(output.profile ? [`-profile:${s}`, output.profile] : []),
        ...(output.level ? [`-level:${s}`, output.level] : []),
        ...rateArguments(rate, s),
        ...keyframeArguments(wish, s),
        ...passArguments(rate, s),
      ];
    case "h265":
      return [
        ...common,
        ...[`-preset:${s}`, preset],
        ...(output.tune ? [`-tune:${s}`, output.tune] : []),
        ...(output.profile ? [`-profile:${s}`, output.profile] : []),
        ...rateArguments(rate, s),
        ...keyframeArguments(wish, s),
        ...hevcTag(output.container, s),
        ...[`-x265-params:${s}`, x265Parameters(wish)],
      ];
    case "vp9":
      return [
        ...common,
        ...vp9Speed(preset, { twoPass: rate.pass !== undefined, s }),
        ...vp9Rate(rate, s),
        ...keyframeArguments(wish, s),
        ...passArguments(rate, s),
      ];
    case "av1":
      return [
        ...common,
        ...[`-preset:${s}`, `${AV1_PRESETS[preset]}`],
        ...rateArguments(rate, s),
        ...keyframeArguments(wish, s),
        ...[`-svtav1-params:${s}`, svtParameters(wish)],
      ];
    case "prores":
      return [
        ...common,
        ...[
          `-profile:${s}`,
          `${PRORES_PROFILES[output.profile ?? (is444(pixelFormat) ? "4444" : "standard")]}`,
        ],
        ...[`-vendor:${s}`, "apl0"], // editors refuse to take ProRes of unknown makers as native
      ];
    case "dnxhr":
      return [...common, `-profile:${s}`, `dnxhr_${output.profile ?? (isDeep(pixelFormat) ? "hqx" : "sq")}`];
  }
}

/** Whether each pixel has colours of its own, which of ProRes 4444 alone holds. */
const is444 = (pixelFormat: string): boolean => chromaOf(pixelFormat) === "4:4:4";

const isDeep = (pixelFormat: string): boolean => (bitDepthOf(pixelFormat) ?? 8) > 8;

/** Apple's players know no hev1. */
export const hevcTag = (container: VideoOutput["container"], s = "v"): string[] =>
  container === "mkv" ? [] : [`-tag:${s}`, "hvc1"];

function rateArguments({ crf, bitrateKbps, maxBitrateKbps, bufferKbits }: RateControl, s: string): string[] {
  return [
    ...(crf !== undefined ? [`-crf:${s}`, `${crf}`] : []),
    ...(bitrateKbps !== undefined ? [`-b:${s}`, `${bitrateKbps}k`] : []),
    ...(maxBitrateKbps !== undefined ? [`-maxrate:${s}`, `${maxBitrateKbps}k`] : []),
    ...(bufferKbits !== undefined ? [`-bufsize:${s}`, `${bufferKbits}k`] : []),
  ];
}

/** The realtime deadline, which alone takes cpu-used above 5, knows no second pass. */
function vp9Speed(preset: Preset, { twoPass, s }: { twoPass: boolean; s: string }): string[] {
  const cpuUsed = twoPass ? Math.min(5, VP9_CPU_USED[preset]) : VP9_CPU_USED[preset];
  return [
    `-deadline:${s}`,
    cpuUsed > 5 ? "realtime" : "good",
    `-cpu-used:${s}`,
    `${cpuUsed}`,
    `-row-mt:${s}`,
    "1",
  ];
}

/** libvpx takes a bitrate beside a crf as its cap, 0 as none, and refuses a maxrate there. */
function vp9Rate(rate: RateControl, s: string): string[] {
  if (rate.crf === undefined) return rateArguments(rate, s);
  return [
    `-crf:${s}`,
    `${rate.crf}`,
    `-b:${s}`,
    rate.maxBitrateKbps === undefined ? "0" : `${rate.maxBitrateKbps}k`,
  ];
}

function passArguments({ pass, passLogFile }: RateControl, s: string): string[] {
  if (pass === undefined) return [];
  return [`-pass:${s}`, `${pass}`, ...(passLogFile ? [`-passlogfile:${s}`, passLogFile] : [])];
}

/**
 * Keyframes at exact times whatever the frame rate, and a group no longer than that. Without scene-cut
 * keyframes where segments must be equally cut in every rendition.
 */
export function keyframeArguments(wish: EncodeWish, s: string): string[] {
  const { output, fps, closedInterval, codec, startSeconds = 0 } = wish;
  // A group is counted in frames, which tells nothing of its length where they come at any time.
  const seconds = output.keyframeIntervalSeconds ?? (fps === null ? LONGEST_GROUP_SECONDS : undefined);
  if (seconds === undefined) return longestGroup(codec, fps, s);
  // ffmpeg counts `t` and `n_forced` from the first frame it encodes
  const before = Math.floor(startSeconds / seconds);
  const due =
    startSeconds === 0
      ? `gte(t,n_forced*${seconds})`
      : `gte(t+${firstFrameAfter(startSeconds, fps)},(n_forced+${before})*${seconds})`;
  // Two keyframes that are forced may be a frame further apart than others; a group that ends before the second of them
  // would make a keyframe of its own, a frame too early. Products such as 1.1 × 30 are a little above what is meant.
  const frames = fps === null ? undefined : Math.max(1, Math.ceil(seconds * fps - 1e-6));
  return [
    ...(frames !== undefined ? [`-g:${s}`, `${frames}`] : []),
    ...(closedInterval && codec === "h264" ? [`-sc_threshold:${s}`, "0", `-flags:${s}`, "+cgop"] : []),
    ...[`-force_key_frames:${s}`, `expr:${due}`],
  ];
}

/** When the first frame is shown that comes no earlier; where they come at any time, none later is known. */
const firstFrameAfter = (seconds: number, fps: number | null): number =>
  fps === null ? seconds : Math.max(seconds, Math.ceil(seconds * fps - 1e-6) / fps);

/** Frames that encoders let a group have by themselves; SVT-AV1 counts seconds instead. */
const LONGEST_GROUPS: Partial<Record<EncodedCodec, number>> = { h264: 250, h265: 250, vp9: 128 };

/** Without keyframes nobody can seek. */
const LONGEST_GROUP_SECONDS = 10;

/** Ten seconds of few frames are fewer than encoders let a group have. */
function longestGroup(codec: EncodedCodec, fps: number | null, s: string): string[] {
  const frames = Math.max(1, Math.floor(LONGEST_GROUP_SECONDS * (fps ?? Number.POSITIVE_INFINITY)));
  return frames < (LONGEST_GROUPS[codec] ?? 0) ? [`-g:${s}`, `${frames}`] : [];
}

/** libx265 takes threads, passes, levels and HDR metadata only in its own words. */
function x265Parameters({
  rate,
  output,
  threads,
  closedInterval,
  dynamicRange,
  mastering,
}: EncodeWish): string {
  return [
    "log-level=error",
    `pools=${threads}`,
    ...(output.level ? [`level-idc=${output.level}`] : []),
    ...(closedInterval ? ["scenecut=0", "open-gop=0"] : []),
    ...(rate.pass ? [`pass=${rate.pass}`] : []),
    ...(rate.pass && rate.passLogFile ? [`stats=${escapeParameter(`${rate.passLogFile}-x265.log`)}`] : []),
    ...(dynamicRange === "HDR10" ? ["hdr10=1", "hdr10-opt=1", "repeat-headers=1"] : []),
    // in units of 0.00002 and of 0.0001 cd/m², as HEVC writes them
    ...(mastering?.display
      ? [`master-display=${displayText(mastering.display, { point: 50_000, light: 10_000 })}`]
      : []),
    ...contentLight(mastering, "max-cll"),
  ].join(":");
}

/** SVT-AV1 takes all cores of the node unless told, and HDR metadata in decimals. */
function svtParameters({ threads, mastering, rate }: EncodeWish): string {
  return [
    `lp=${threads}`,
    // ffmpeg takes 0 for a crf that is not set, and leaves the encoder its own default
    ...(rate.crf === 0 ? ["crf=0"] : []),
    ...(mastering?.display
      ? [`mastering-display=${displayText(mastering.display, { point: 1, light: 1 })}`]
      : []),
    ...contentLight(mastering, "content-light"),
  ].join(":");
}

function displayText(
  display: NonNullable<Mastering["display"]>,
  unit: { point: number; light: number },
): string {
  const number = (value: number, scale: number) =>
    scale === 1 ? value.toFixed(4) : `${Math.round(value * scale)}`;
  const point = ([x, y]: [number, number]) => `(${number(x, unit.point)},${number(y, unit.point)})`;
  const light = `L(${number(display.maxLuminance, unit.light)},${number(display.minLuminance, unit.light)})`;
  return `G${point(display.green)}B${point(display.blue)}R${point(display.red)}WP${point(display.white)}${light}`;
}

function contentLight(mastering: Mastering | null | undefined, name: string): string[] {
  if (!mastering?.maxContentLight) return [];
  return [`${name}=${mastering.maxContentLight},${mastering.maxAverageLight ?? 0}`];
}

/** `:` separates x265's parameters. */
const escapeParameter = (text: string) => text.replaceAll("\\", "\\\\").replaceAll(":", "\\:");
