import type { VideoOutput } from "./outputs/video.ts";

/**
 * How fast a core works on video, in megapixels a second: measured with ffmpeg 5.1 on one core of a small virtual
 * machine. What is planned and what progress is told by depends on their ratios; the absolute speed of a machine is
 * learned from what workers measure.
 */

/** Encoding at `medium` of 720p and 1080p, the decode of an h264 source left out. */
const ENCODE: Record<VideoOutput["codec"], number> = {
  h264: 28,
  h265: 6,
  vp9: 6,
  av1: 12,
  prores: 45,
  dnxhr: 120,
  copy: 20_000,
};

/** Speed of each x264 preset relative to `medium`; the other codecs map the words to steps of their own. */
const PRESETS: Record<NonNullable<VideoOutput["preset"]>, number> = {
  ultrafast: 5,
  superfast: 3.5,
  veryfast: 2.3,
  faster: 1.5,
  fast: 1.2,
  medium: 1,
  slow: 0.6,
  slower: 0.33,
  veryslow: 0.17,
};

/** Decoding h264 of 1080p. */
export const DECODE = 280;

/** What may stand between decoder and encoder, for each pixel that it is given. */
export const FILTERS = { deinterlace: 370, denoise: 185, toneMap: 43 } as const;

/** Making frames between frames, for each pixel that is made; on one core, however many there are. */
export const INTERPOLATE = 2.6;

const PRESET_CODECS: readonly VideoOutput["codec"][] = ["h264", "h265", "vp9", "av1"];

/** Megapixels that a core encodes in a second. */
export const encodeSpeed = ({
  codec = "h264",
  preset = "medium",
}: Partial<Pick<VideoOutput, "codec" | "preset">>): number =>
  ENCODE[codec] * (PRESET_CODECS.includes(codec) ? PRESETS[preset] : 1);

/**
 * How much faster than it plays a core makes sound, decoding it from AAC included: processor time over 300 s of stereo at
 * 48 kHz. `loudness` is a run that only measures, at 192 kHz, and `waveform` one that only decodes.
 */
export const SOUND = {
  aac: 52,
  opus: 87,
  mp3: 71,
  flac: 300,
  wav: 1000,
  loudness: 25,
  waveform: 1000,
} as const;

/**
 * Processor seconds for a still picture out of a video, measured over ten of 1080p: going to a keyframe, and for each
 * megapixel of the source decoding and scaling it; for each that is made the PNG between ffmpeg and sharp, and the file.
 */
export const STILL = {
  seek: 0.03,
  sourceMegapixel: 0.04,
  pngMegapixel: 0.06,
  fileMegapixel: { jpeg: 0.02, webp: 0.1, png: 0.05, gif: 0.5 },
} as const;

/** Bytes that ffmpeg holds of a source that is open to take a frame, by the pixels of it and of what is made. */
export const stillBytes = (sourcePixels: number, madePixels: number): number =>
  sourcePixels * 15 + madePixels * 10;
