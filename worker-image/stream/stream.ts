import type { Rate } from "../probe/record.ts";
import type { Size } from "../video/picture/geometry.ts";
import type { ByteRange } from "./keyframe-ranges.ts";
import type { MediaFile } from "./media-file.ts";

/** A finished stream, as its manifests describe it. Everything in here was measured on the finished files. */
export interface Stream {
  video: readonly VideoRendition[];
  audio: readonly AudioRendition[];
  subtitles: readonly SubtitleRendition[];
  thumbnails: Thumbnails | undefined;
  protection: Protection | undefined;
  /** Of the pictures or the sound, whichever ends later. */
  durationSeconds: number;
}

/** How pictures and sound are encrypted, without the key itself. */
export interface Protection {
  method: "AES-128" | "cbcs";
  keyUri: string;
  keyFormat: string;
  /** 32 hexadecimal digits. */
  keyId: string;
}

export interface VideoRendition {
  name: string;
  fileName: string;
  media: MediaFile;
  /** The first picture of each segment, with what a decoder needs before it; none where no player can use them. */
  keyframes: readonly ByteRange[];
  size: Size;
  fps: Rate;
}

export interface AudioRendition {
  name: string;
  /** Of the source's track; its sound in stereo and that with all channels have one. */
  position: number;
  isSurround: boolean;
  fileName: string;
  media: MediaFile;
  /** A tag of RFC 5646, null when unknown. */
  language: string | null;
  title: string;
  isDefault: boolean;
  channels: number;
  sampleRate: number;
}

/** A WebVTT file for the whole stream. */
export interface SubtitleRendition {
  name: string;
  fileName: string;
  bytes: number;
  language: string | null;
  title: string;
  isForced: boolean;
}

/** Sheets of pictures, all of one grid; the last one may have cells that are black. */
export interface Thumbnails {
  sheets: readonly { fileName: string; bytes: number }[];
  cell: Size;
  columns: number;
  rows: number;
  everySeconds: number;
}

export const playlistName = (fileName: string): string => fileName.replace(/\.\w+$/, ".m3u8");

/** RFC 8216 section 4.3.3.1: no duration, rounded to whole seconds, is above the target. */
export const targetOf = (parts: readonly { seconds: number }[]): number =>
  Math.max(1, ...parts.map(({ seconds }) => Math.round(seconds)));

/**
 * Bits per second: of all of it, and of the worst span. RFC 8216 section 4.3.4.2 looks at spans of half a target duration
 * to one and a half: a short last segment is none, but may make the one before it worse.
 */
export function bandwidthOf(parts: readonly { bytes: number; seconds: number }[]): {
  average: number;
  peak: number;
} {
  const target = targetOf(parts);
  let peak = 0;
  for (const start of parts.keys()) {
    const span = { bytes: 0, seconds: 0 };
    for (let at = start; at < parts.length; at++) {
      span.bytes += parts[at]?.bytes ?? 0;
      span.seconds += parts[at]?.seconds ?? 0;
      if (span.seconds > target * 1.5) break;
      if (span.seconds >= target / 2) peak = Math.max(peak, rateOf(span));
    }
  }
  const average = rateOf({
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
  });
  return { average: Math.ceil(average), peak: Math.ceil(Math.max(peak, average)) };
}

const rateOf = ({ bytes, seconds }: { bytes: number; seconds: number }): number =>
  seconds === 0 ? 0 : (bytes * 8) / seconds;
