import type { FfprobeJson, FfprobeStream } from "./ffprobe.ts";
import { bitDepthOf, chromaOf } from "./pixel-format.ts";
import type {
  AudioStream,
  DynamicRange,
  Mastering,
  MediaRecord,
  Rate,
  TextStream,
  VideoStream,
} from "./record.ts";

/**
 * Reads ffprobe's answer. `json.frames` may hold frames of the first video stream, whose colour and HDR side data are
 * more complete than the container's.
 */
export function describeMedia(json: FfprobeJson, bytes: number): MediaRecord {
  const { format } = json;
  const streams = json.streams.map((stream) => ({ ...stream, duration: lengthOf(stream, format) }));
  const ofKind = (kind: string) => streams.filter(({ codec_type }) => codec_type === kind);
  const isPicture = (stream: FfprobeStream) => stream.disposition.attached_pic === 1;
  const moving = ofKind("video").filter((stream) => !isPicture(stream));
  const timecode = firstTag(streams, "timecode") ?? format?.tags.timecode ?? null;

  const shown = untilTheEnd([...moving, ...ofKind("audio")]);
  return {
    container: format?.format_name?.split(",")[0] ?? "unknown",
    containerDescription: format?.format_long_name ?? null,
    bytes,
    durationSeconds:
      (ofKind("subtitle").length > 0 || declaresEnd(format, shown) ? shown : null) ??
      positive((format?.duration ?? 0) - lateBy(format?.start_time, format)) ??
      longest(streams),
    startSeconds: format?.start_time ?? null,
    bitrate: positive(format?.bit_rate),
    video: moving.map((stream) =>
      videoStream(
        stream,
        json.frames.find(({ stream_index }) => stream_index === stream.index),
      ),
    ),
    audio: ofKind("audio").map(audioStream),
    subtitles: ofKind("subtitle").map(textStream),
    coverArt: ofKind("video").filter(isPicture).map(textStream),
    data: streams
      .filter(({ codec_type }) => !["video", "audio", "subtitle", "attachment"].includes(codec_type))
      .map(textStream),
    attachments: ofKind("attachment").map(textStream),
    chapters: json.chapters.map(({ start_time, end_time, tags }) => ({
      startSeconds: start_time ?? 0,
      endSeconds: end_time ?? 0,
      title: tags.title ?? null,
    })),
    timecode,
    dropFrame: timecode === null ? null : timecode.includes(";"),
    reelName: firstTag(streams, "reel_name") ?? format?.tags.reel_name ?? null,
    createdAt: format?.tags.creation_time ?? firstTag(streams, "creation_time") ?? null,
    encoder: format?.tags.encoder ?? null,
    placeTags: placeTagsOf([...(format ? [format] : []), ...streams]),
  };
}

function videoStream(stream: FfprobeStream, frame: FfprobeJson["frames"][number] | undefined): VideoStream {
  const storedWidth = stream.width ?? 0;
  const storedHeight = stream.height ?? 0;
  const sampleAspect = ratio(stream.sample_aspect_ratio, ":") ?? { num: 1, den: 1 };
  const rotation = clockwiseRotation(stream);
  const shown = shownSize({ storedWidth, storedHeight, sampleAspect, rotation });
  const pixelFormat = pixelFormatOf(stream, frame);
  const transfer = stream.color_transfer ?? frame?.color_transfer ?? null;
  const sideData = [...stream.side_data_list, ...(frame?.side_data_list ?? [])];
  const dolbyVision = sideData.find(({ side_data_type }) => side_data_type === "DOVI configuration record");
  return {
    index: stream.index,
    codec: stream.codec_name ?? null,
    codecTag: stream.codec_tag_string ?? null,
    profile: stream.profile ?? null,
    level: stream.level !== undefined && stream.level > 0 ? stream.level : null,
    pixelFormat,
    bitDepth: bitDepthOf(pixelFormat) ?? positive(stream.bits_per_raw_sample),
    chroma: chromaOf(pixelFormat),
    storedWidth,
    storedHeight,
    ...shown,
    sampleAspect,
    displayAspect: stream.display_aspect_ratio ?? null,
    rotation,
    frameRate: rate(stream.avg_frame_rate),
    realFrameRate: rate(stream.r_frame_rate),
    fieldOrder: fieldOrder(stream.field_order, frame),
    color: {
      primaries: stream.color_primaries ?? frame?.color_primaries ?? null,
      transfer,
      matrix: stream.color_space ?? frame?.color_space ?? null,
      range: stream.color_range ?? frame?.color_range ?? null,
    },
    dynamicRange: dynamicRangeOf(transfer),
    dolbyVisionProfile: dolbyVision?.dv_profile ?? null,
    mastering: masteringOf(sideData),
    startSeconds: stream.start_time ?? null,
    durationSeconds: positive(stream.duration),
    frames: positive(stream.nb_frames),
    bitrate: positive(stream.bit_rate),
    intraOnly: INTRA_ONLY_CODECS.has(stream.codec_name ?? "") ? true : null,
    language: languageOf(stream),
  };
}

/** VP8 and VP9 say how opaque pixels are in pictures of their own, which a tag tells of and ffprobe does not. */
function pixelFormatOf(
  { pix_fmt, codec_name, tags }: FfprobeStream,
  frame: FfprobeJson["frames"][number] | undefined,
): string | null {
  const isTransparent = tags.alpha_mode === "1" && (codec_name === "vp8" || codec_name === "vp9");
  return isTransparent && pix_fmt === "yuv420p" ? "yuva420p" : (pix_fmt ?? frame?.pix_fmt ?? null);
}

function audioStream(stream: FfprobeStream): AudioStream {
  return {
    index: stream.index,
    codec: stream.codec_name ?? null,
    profile: stream.profile ?? null,
    channels: stream.channels ?? 0,
    layout: stream.channel_layout ?? null,
    sampleRate: positive(stream.sample_rate),
    sampleFormat: stream.sample_fmt ?? null,
    startSeconds: stream.start_time ?? null,
    durationSeconds: positive(stream.duration),
    bitrate: positive(stream.bit_rate) ?? positive(Number(stream.tags.bps)),
    language: languageOf(stream),
    title: stream.tags.title ?? null,
    isDefault: stream.disposition.default === 1,
  };
}

function textStream(stream: FfprobeStream): TextStream {
  return {
    index: stream.index,
    codec: stream.codec_name ?? stream.codec_tag_string ?? null,
    language: languageOf(stream),
    title: stream.tags.title ?? null,
    isDefault: stream.disposition.default === 1,
    isForced: stream.disposition.forced === 1,
  };
}

/** Codecs that hold only keyframes whatever their settings. */
const INTRA_ONLY_CODECS = new Set([
  "prores",
  "dnxhd",
  "mjpeg",
  "dvvideo",
  "ffv1",
  "huffyuv",
  "utvideo",
  "cfhd",
  "png",
  "jpeg2000",
]);

/** ffprobe gives the turn counter-clockwise, as the display matrix does; phones store quarter turns. */
function clockwiseRotation(stream: FfprobeStream): 0 | 90 | 180 | 270 {
  const matrix = stream.side_data_list.find(({ rotation }) => rotation !== undefined);
  const quarters = Math.round(-(matrix?.rotation ?? 0) / 90);
  return ((((quarters % 4) + 4) % 4) * 90) as 0 | 90 | 180 | 270;
}

function shownSize(stored: {
  storedWidth: number;
  storedHeight: number;
  sampleAspect: Rate;
  rotation: number;
}): { width: number; height: number } {
  const { num, den } = stored.sampleAspect;
  // Square pixels by stretching the longer way, so that no line is lost.
  const wide = num > den ? Math.round((stored.storedWidth * num) / den) : stored.storedWidth;
  const tall = num < den ? Math.round((stored.storedHeight * den) / num) : stored.storedHeight;
  return stored.rotation % 180 === 0 ? { width: wide, height: tall } : { width: tall, height: wide };
}

function fieldOrder(
  declared: string | undefined,
  frame: FfprobeJson["frames"][number] | undefined,
): VideoStream["fieldOrder"] {
  if (frame?.interlaced_frame) return frame.top_field_first ? "TopFieldFirst" : "BottomFieldFirst";
  switch (declared) {
    case "progressive":
      return "Progressive";
    case "tt":
    case "bt":
      return "TopFieldFirst";
    case "bb":
    case "tb":
      return "BottomFieldFirst";
    default:
      return frame ? "Progressive" : null;
  }
}

/** ITU-R BT.2100: PQ is SMPTE ST 2084, HLG is ARIB STD-B67. */
function dynamicRangeOf(transfer: string | null): DynamicRange {
  if (transfer === "smpte2084") return "HDR10";
  if (transfer === "arib-std-b67") return "HLG";
  return "SDR";
}

function masteringOf(sideData: FfprobeStream["side_data_list"]): Mastering | null {
  const find = (type: string) => sideData.find(({ side_data_type }) => side_data_type === type);
  const display = find("Mastering display metadata");
  const light = find("Content light level metadata");
  if (!display && !light) return null;
  const value = (name: string): number => {
    const fraction = ratio(`${display?.[name] ?? ""}`, "/");
    return fraction ? fraction.num / fraction.den : 0;
  };
  const point = (name: string): [number, number] => [value(`${name}_x`), value(`${name}_y`)];
  return {
    display: display
      ? {
          red: point("red"),
          green: point("green"),
          blue: point("blue"),
          white: point("white_point"),
          minLuminance: value("min_luminance"),
          maxLuminance: value("max_luminance"),
        }
      : null,
    maxContentLight: light?.max_content ?? null,
    maxAverageLight: light?.max_average ?? null,
  };
}

/**
 * A language tag as BCP 47 writes it, of the length that section 4.4.1 of RFC 5646 has every program take. Languages
 * become parts of files' names and of manifests, and a source may call any text its language.
 */
const LANGUAGE = /^(?=.{2,35}$)[a-z]{2,3}(-[a-z0-9]{1,8})*$/i;

function languageOf({ tags }: FfprobeStream): string | null {
  const { language = "und" } = tags;
  return language !== "und" && LANGUAGE.test(language) ? language : null;
}

type Format = FfprobeJson["format"];

/** Seconds from a stream's start to its end. */
function lengthOf(stream: FfprobeStream, format: Format): number | undefined {
  const tagged = taggedDuration(stream);
  const told = positive(stream.duration);
  return told ?? (tagged === null ? undefined : tagged - lateBy(stream.start_time, format));
}

/** MP4 that begins late declares when it ends, counted from zero, and not how long that is after its first moment. */
const declaresEnd = (format: Format, shownSeconds: number | null): boolean => {
  const { duration, start_time = 0, format_name } = format ?? {};
  if (!format_name?.startsWith("mov") || duration === undefined || shownSeconds === null) return false;
  return start_time > 0 && Math.abs(duration - shownSeconds - start_time) < Math.abs(duration - shownSeconds);
};

/** Matroska as ffmpeg writes it has the time of the end in place of the duration, which is less where it begins late. */
const lateBy = (startSeconds: number | undefined, format: Format): number =>
  format?.format_name?.startsWith("matroska") && format.tags.encoder?.startsWith("Lavf")
    ? Math.max(0, startSeconds ?? 0)
    : 0;

/** What pictures and sound last together: the last text may end long after them. Null where one does not tell. */
function untilTheEnd(streams: readonly FfprobeStream[]): number | null {
  if (streams.length === 0 || streams.some(({ duration }) => !duration)) return null;
  const starts = streams.map(({ start_time = 0 }) => start_time);
  const ends = streams.map(({ start_time = 0, duration = 0 }) => start_time + duration);
  return Math.max(...ends) - Math.min(...starts);
}

/** Matroska keeps a stream's duration as a tag `hh:mm:ss.nnnnnnnnn`. */
function taggedDuration({ tags }: FfprobeStream): number | null {
  const match = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(tags.duration ?? "");
  return match ? Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]) : null;
}

function longest(streams: readonly FfprobeStream[]): number | null {
  const known = streams.map(({ duration = 0 }) => duration);
  return positive(Math.max(0, ...known));
}

/**
 * Of the many there are: `location` and, by language, `location-eng`; `com.apple.quicktime.location.iso6709` and its
 * accuracy; Matroska's `recording_location`; what recorders write of their GPS.
 */
const PLACE = /location|iso.?6709|gps|latitude|longitude/;

const placeTagsOf = (tagged: readonly Pick<FfprobeStream, "tags">[]): string[] => [
  ...new Set(tagged.flatMap(({ tags }) => Object.keys(tags)).filter((name) => PLACE.test(name))),
];

function firstTag(streams: readonly FfprobeStream[], name: string): string | undefined {
  return streams.find(({ tags }) => tags[name] !== undefined)?.tags[name];
}

function ratio(text: string | undefined, separator: string): Rate | null {
  const [num, den] = (text ?? "").split(separator).map(Number);
  return num !== undefined && den !== undefined && num > 0 && den > 0 ? { num, den } : null;
}

const rate = (text: string | undefined) => ratio(text, "/");

const positive = (value: number | undefined): number | null =>
  value !== undefined && value > 0 ? value : null;
