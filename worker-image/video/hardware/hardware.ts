import { isTwoPass } from "../../../crds/outputs/two-pass.ts";
import type { VideoOutput } from "../../../crds/outputs/video.ts";
import { type HardwareCodec, type HardwareEncoder, isHardwareCodec } from "../../../crds/unit.ts";
import { type EncodeWish, keyframeArguments } from "../encoders.ts";

/**
 * How a wish becomes the arguments of a hardware encoder. Each family has its own scale of quality and its own
 * presets, so both are tables; what a family cannot do at all is left to software.
 */

interface Family {
  /** ffmpeg's encoder of each codec. */
  encoders: Record<HardwareCodec, string>;
  /** Options before the inputs: which device, and that filters may upload to it. */
  device: readonly string[];
  /** What the encoder takes of each of our pixel formats; formats that are left out need software. */
  pixelFormats: Readonly<Record<string, string>>;
  /** Pictures have to be uploaded to the device by a filter. */
  uploads: boolean;
}

export const FAMILIES: Record<HardwareEncoder, Family> = {
  nvenc: {
    encoders: { h264: "h264_nvenc", h265: "hevc_nvenc", av1: "av1_nvenc" },
    device: [],
    pixelFormats: { yuv420p: "yuv420p", yuv420p10le: "p010le" },
    uploads: false,
  },
  vaapi: {
    encoders: { h264: "h264_vaapi", h265: "hevc_vaapi", av1: "av1_vaapi" },
    device: ["-vaapi_device", "/dev/dri/renderD128"],
    pixelFormats: { yuv420p: "nv12", yuv420p10le: "p010le" },
    uploads: true,
  },
  qsv: {
    encoders: { h264: "h264_qsv", h265: "hevc_qsv", av1: "av1_qsv" },
    device: ["-init_hw_device", "qsv=hw", "-filter_hw_device", "hw"],
    pixelFormats: { yuv420p: "nv12", yuv420p10le: "p010le" },
    uploads: false,
  },
};

type Preset = NonNullable<VideoOutput["preset"]>;

/** NVENC: p1 (fastest) to p7. */
const NVENC_PRESETS: Record<Preset, string> = {
  ultrafast: "p1",
  superfast: "p1",
  veryfast: "p2",
  faster: "p3",
  fast: "p4",
  medium: "p5",
  slow: "p6",
  slower: "p7",
  veryslow: "p7",
};

/** VA-API drivers: 7 (fastest) to 1; what a driver lacks it rounds. */
const VAAPI_LEVELS: Record<Preset, number> = {
  ultrafast: 7,
  superfast: 7,
  veryfast: 6,
  faster: 5,
  fast: 5,
  medium: 4,
  slow: 3,
  slower: 2,
  veryslow: 1,
};

/** Quick Sync has x264's words from veryfast on. */
const QSV_PRESETS: Record<Preset, string> = {
  ultrafast: "veryfast",
  superfast: "veryfast",
  veryfast: "veryfast",
  faster: "faster",
  fast: "fast",
  medium: "medium",
  slow: "slow",
  slower: "slower",
  veryslow: "veryslow",
};

/**
 * What is added to a crf for about the same look: a hardware encoder searches less, so it needs a lower quantizer. A
 * first estimate, not measured: no device was at hand.
 */
const CRF_OFFSETS: Record<HardwareCodec, number> = { h264: -1, h265: -3, av1: -3 };

/**
 * The scale of quality that each family has for each codec: a crf of `from` is its `to`, and `most` is the highest that
 * every version of ffmpeg takes. AV1's crf goes to 63, as in libsvtav1. NVENC's `cq` went to 51 before ffmpeg 7;
 * VA-API's `qp` is AV1's own, to 255; Quick Sync's quality, for ICQ and QVBR, goes to 51 whatever the codec, and ffmpeg
 * cuts what is above without a word.
 */
const AV1_SCALES: Record<HardwareEncoder, { from: number; to: number; most: number }> = {
  nvenc: { from: 63, to: 63, most: 51 },
  vaapi: { from: 63, to: 252, most: 252 },
  qsv: { from: 63, to: 51, most: 51 },
};
const PLAIN_SCALE = { from: 51, to: 51, most: 51 };

/** The crf as the number that a family calls cq, qp or global_quality. */
export function quantizerOf(family: HardwareEncoder, codec: HardwareCodec, crf: number): number {
  const { from, to, most } = codec === "av1" ? AV1_SCALES[family] : PLAIN_SCALE;
  // 0 asks NVENC to choose by itself, and the others for lossless, which hardware lacks
  const level = Math.min(from, Math.max(1, crf + CRF_OFFSETS[codec]));
  return Math.min(most, Math.round((level * to) / from));
}

/** Why a wish is left to software; undefined when the family can do it. */
export function whyInSoftware(
  family: HardwareEncoder,
  { codec, twoPass, targetBytes }: Pick<VideoOutput, "codec" | "twoPass" | "targetBytes">,
  {
    pixelFormat,
    keepsFields = false,
    inParts = false,
  }: { pixelFormat: string; keepsFields?: boolean; inParts?: boolean },
): string | undefined {
  if (!isHardwareCodec(codec)) return `${family} has no encoder for ${codec}`;
  if (codec === "h264" && pixelFormat === "yuv420p10le") return `${family} encodes h264 with 8 bits only`;
  if (!FAMILIES[family].pixelFormats[pixelFormat]) return `${family} takes no ${pixelFormat}`;
  if (keepsFields) return `${family} encodes no fields`;
  if (isTwoPass({ twoPass, targetBytes })) return `${family} has no second pass over a whole file`;
  if (inParts) return "parts of a long video are encoded in software: those of two devices may not join";
  return undefined;
}

/** The filters that hand a picture to the encoder, after all others. */
export function uploadFilters(family: HardwareEncoder, pixelFormat: string): string[] {
  const { pixelFormats, uploads } = FAMILIES[family];
  return uploads ? [`format=${pixelFormats[pixelFormat]}`, "hwupload"] : [];
}

/** The arguments of one encoder. What hardware has no word for, such as `tune`, is left out. */
export function hardwareArguments(
  family: HardwareEncoder,
  wish: EncodeWish & { codec: HardwareCodec },
): string[] {
  const { codec, output, pixelFormat } = wish;
  const { encoders, pixelFormats, uploads } = FAMILIES[family];
  return [
    ...["-c:v", encoders[codec]],
    ...(uploads ? [] : ["-pix_fmt:v", `${pixelFormats[pixelFormat]}`]),
    ...presetArguments(family, output.preset ?? "medium"),
    ...profileArguments(family, wish),
    ...(output.level && codec !== "av1" ? ["-level:v", levelOf(family, output.level)] : []),
    ...rateArguments(family, wish),
    ...keyframeArguments(wish, "v"),
    ...(output.keyframeIntervalSeconds !== undefined || wish.fps === null ? FORCED_IDR[family] : []),
    ...(codec === "h265" && output.container !== "mkv" ? ["-tag:v", "hvc1"] : []),
  ];
}

/** A forced keyframe is no place to start from unless it is an IDR; VA-API makes every one of them so. */
const FORCED_IDR: Record<HardwareEncoder, readonly string[]> = {
  nvenc: ["-forced-idr:v", "1"],
  vaapi: [],
  qsv: ["-forced_idr:v", "1"],
};

function presetArguments(family: HardwareEncoder, preset: Preset): string[] {
  switch (family) {
    case "nvenc":
      return ["-preset:v", NVENC_PRESETS[preset], "-tune:v", "hq"];
    case "vaapi":
      return ["-compression_level:v", `${VAAPI_LEVELS[preset]}`];
    case "qsv":
      return ["-preset:v", QSV_PRESETS[preset]];
  }
}

function profileArguments(family: HardwareEncoder, { codec, output, pixelFormat }: EncodeWish): string[] {
  const deep = pixelFormat === "yuv420p10le";
  if (codec === "av1") return [];
  const profile = output.profile ?? (codec === "h265" ? (deep ? "main10" : "main") : "high");
  // VA-API's drivers have the constrained baseline alone
  const word = family === "vaapi" && profile === "baseline" ? "constrained_baseline" : profile;
  return ["-profile:v", word];
}

/** `4.0`, as each family writes it: NVENC alone knows that word, VA-API says `4`, and Quick Sync counts in tenths. */
function levelOf(family: HardwareEncoder, level: string): string {
  switch (family) {
    case "nvenc":
      return level;
    case "vaapi":
      return level.replace(/\.0$/, "");
    case "qsv":
      return `${Math.round(Number(level) * 10)}`;
  }
}

function rateArguments(
  family: HardwareEncoder,
  { codec, rate }: EncodeWish & { codec: HardwareCodec },
): string[] {
  const caps = [
    ...(rate.maxBitrateKbps !== undefined ? ["-maxrate:v", `${rate.maxBitrateKbps}k`] : []),
    ...(rate.bufferKbits !== undefined ? ["-bufsize:v", `${rate.bufferKbits}k`] : []),
  ];
  if (rate.bitrateKbps !== undefined) {
    const target = ["-b:v", `${rate.bitrateKbps}k`];
    switch (family) {
      case "nvenc":
        return ["-rc:v", "vbr", ...target, ...caps];
      case "vaapi":
        return ["-rc_mode:v", "VBR", ...target, ...caps];
      case "qsv":
        // without a cap it would be AVBR, which newer devices lack; twice the bitrate is Intel's own advice
        return [...target, ...(caps.length > 0 ? caps : ["-maxrate:v", `${rate.bitrateKbps * 2}k`])];
    }
  }
  const quantizer = `${quantizerOf(family, codec, rate.crf ?? 23)}`;
  switch (family) {
    case "nvenc":
      return ["-rc:v", "vbr", "-cq:v", quantizer, "-b:v", "0", ...caps];
    case "vaapi":
      // a constant quantizer knows no cap; the driver's quality mode with one does
      return caps.length > 0
        ? ["-rc_mode:v", "QVBR", "-global_quality:v", quantizer, "-b:v", `${rate.maxBitrateKbps}k`, ...caps]
        : ["-rc_mode:v", "CQP", "-qp:v", quantizer];
    case "qsv":
      return ["-global_quality:v", quantizer, ...qvbrTarget(rate), ...caps];
  }
}

/**
 * ffmpeg chooses Quick Sync's mode by what it is given: a quality alone is ICQ; with a cap it is QVBR, which needs an
 * average to aim below, and that is CBR, the quality ignored, where the average and the cap are equal. So the average
 * may come as near to the cap as can be said.
 */
const qvbrTarget = ({ maxBitrateKbps }: EncodeWish["rate"]): string[] =>
  maxBitrateKbps === undefined ? [] : ["-b:v", `${maxBitrateKbps - 1}k`];
