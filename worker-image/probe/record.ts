/**
 * What is known about a media file. Unknown is null and never guessed. Times are seconds, rates are per
 * second, `index` is the stream's index in the file. It is also the JSON of the `metadata` output.
 */
export interface MediaRecord {
  /** ffmpeg's first name of the container: `mov` for MP4 and MOV alike, `matroska`, `mpegts`, … */
  container: string;
  containerDescription: string | null;
  bytes: number;
  /** Until pictures and sound end, texts may go on: as the container declares it, else as its packets last. */
  durationSeconds: number | null;
  startSeconds: number | null;
  bitrate: number | null;
  /** Moving pictures; a cover picture is not among them. */
  video: VideoStream[];
  audio: AudioStream[];
  subtitles: TextStream[];
  /** Pictures attached to the file, such as an album's cover. */
  coverArt: TextStream[];
  /** Timecode, camera data and whatever else is neither picture, sound nor text nor attached. */
  data: TextStream[];
  /** Files that came with it, such as the fonts of its subtitles. */
  attachments: TextStream[];
  chapters: { startSeconds: number; endSeconds: number; title: string | null }[];
  /** Start timecode `hh:mm:ss:ff`, with `;` before the frames when it drops frames. */
  timecode: string | null;
  dropFrame: boolean | null;
  reelName: string | null;
  /** RFC 3339, as the camera or encoder wrote it. */
  createdAt: string | null;
  encoder: string | null;
  /** Names, in small letters, of the tags of the file and its streams that tell where it was recorded. */
  placeTags: string[];
}

export type DynamicRange = "SDR" | "HDR10" | "HLG";

export interface VideoStream {
  index: number;
  codec: string | null;
  codecTag: string | null;
  profile: string | null;
  level: number | null;
  pixelFormat: string | null;
  bitDepth: number | null;
  /** `4:2:0`, `4:2:2`, `4:4:4`, `RGB` or `Gray`. */
  chroma: string | null;
  /** As stored, before rotation. */
  storedWidth: number;
  storedHeight: number;
  /** As shown: upright, with square pixels. */
  width: number;
  height: number;
  sampleAspect: { num: number; den: number };
  displayAspect: string | null;
  /** Clockwise turn that makes the stored picture upright. */
  rotation: 0 | 90 | 180 | 270;
  frameRate: Rate | null;
  /** The lowest rate that can tell all timestamps apart; differs from `frameRate` when it varies. */
  realFrameRate: Rate | null;
  fieldOrder: "Progressive" | "TopFieldFirst" | "BottomFieldFirst" | null;
  color: { primaries: string | null; transfer: string | null; matrix: string | null; range: string | null };
  dynamicRange: DynamicRange;
  dolbyVisionProfile: number | null;
  mastering: Mastering | null;
  startSeconds: number | null;
  durationSeconds: number | null;
  frames: number | null;
  bitrate: number | null;
  /** Only keyframes, as editing codecs have it; null when unknown. */
  intraOnly: boolean | null;
  language: string | null;
}

/** The display an HDR picture was graded on (SMPTE ST 2086) and its light (CTA-861.3), as far as they are told. */
export interface Mastering {
  /** CIE 1931 chromaticities, each as x and y, and luminances in cd/m². */
  display: {
    red: [number, number];
    green: [number, number];
    blue: [number, number];
    white: [number, number];
    minLuminance: number;
    maxLuminance: number;
  } | null;
  maxContentLight: number | null;
  maxAverageLight: number | null;
}

/** A rate as the fraction that the container holds, e.g. 30000/1001. */
export interface Rate {
  num: number;
  den: number;
}

export interface AudioStream {
  index: number;
  codec: string | null;
  profile: string | null;
  channels: number;
  layout: string | null;
  sampleRate: number | null;
  sampleFormat: string | null;
  startSeconds: number | null;
  durationSeconds: number | null;
  bitrate: number | null;
  language: string | null;
  title: string | null;
  isDefault: boolean;
}

export interface TextStream {
  index: number;
  codec: string | null;
  language: string | null;
  title: string | null;
  isDefault: boolean;
  isForced: boolean;
}
