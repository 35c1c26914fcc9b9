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

/** Bits per second: of all of it, and of the worst part. */
export function bandwidthOf(parts: readonly { bytes: number; seconds: number }[]): {
  average: number;
  peak: number;
} {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  // RFC 8216 counts the peak over spans of half a target duration and more; a short last segment is none.
  const longest = Math.max(0, ...parts.map((part) => part.seconds));
  const peak = Math.max(
    0,
    ...parts.filter((part) => part.seconds >= longest / 2).map((part) => (part.bytes * 8) / part.seconds),
  );
  const average = seconds === 0 ? 0 : (bytes * 8) / seconds;
  return { average: Math.ceil(average), peak: Math.ceil(Math.max(peak, average)) };
}
