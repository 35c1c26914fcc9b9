import { DECODE, encodeSpeed, FILTERS } from "../../../crds/media-speed.ts";
import type { VideoOutput } from "../../../crds/outputs/video.ts";
import type { Rendition } from "../rendition.ts";
import { perSecond } from "../time/timing.ts";

/** Until ffmpeg has opened its source and encodes the first picture. */
const STARTING_SECONDS = 0.15;

/** How long the pictures of a rendition take, roughly. Of a small one out of a large source most is decoding. */
export const renditionSeconds = (rendition: Rendition, cpu: number): number =>
  readingSeconds(rendition, cpu) + encodingSeconds(rendition, cpu);

/** What comes before the encoder: decoding, and the filters that cost about as much or more. */
export function readingSeconds(
  { output, size, picture, work, expectedSeconds }: Rendition,
  cpu: number,
): number {
  if (output.codec === "copy") return STARTING_SECONDS;
  const rate = picture.frameRate ? perSecond(picture.frameRate) : 25;
  const megapixels = (pixels: number) => (pixels * rate * (expectedSeconds ?? 60)) / 1e6;
  const source = megapixels(picture.storedWidth * picture.storedHeight);
  const seconds =
    source / DECODE +
    (work.deinterlace === "none" ? 0 : source / FILTERS.deinterlace) +
    (work.denoise ? source / FILTERS.denoise : 0) +
    (work.toneMapFrom ? megapixels(size.width * size.height) / FILTERS.toneMap : 0);
  return STARTING_SECONDS + seconds / Math.max(0.5, cpu);
}

export function encodingSeconds(
  { output, size, fps, picture, expectedSeconds }: Rendition,
  cpu: number,
): number {
  const rate = fps ?? picture.frameRate;
  return encodeSeconds({
    codec: output.codec,
    preset: output.preset,
    pixels: size.width * size.height,
    fps: rate ? perSecond(rate) : 25,
    mediaSeconds: expectedSeconds ?? 60,
    cpu,
  });
}

/** Decoding for verification: some frames in three places, or all of it. */
export function verifyingSeconds(
  { output, size, fps, picture, expectedSeconds }: Rendition,
  cpu: number,
): number {
  const rate = fps ?? picture.frameRate;
  const whole = expectedSeconds ?? 60;
  const mediaSeconds = output.verify === "Full" ? whole : Math.min(whole, 0.75);
  const fpsShown = rate ? perSecond(rate) : 25;
  return 0.2 + decodingSeconds({ pixels: size.width * size.height, fps: fpsShown, mediaSeconds, cpu });
}

/** How long so many seconds of pictures take to decode. */
export function decodingSeconds(work: {
  pixels: number;
  fps: number;
  mediaSeconds: number;
  cpu: number;
}): number {
  return (work.pixels * work.fps * work.mediaSeconds) / 1e6 / DECODE / Math.max(0.5, work.cpu);
}

/** A rename, and word of it. */
export const PUBLISHING_SECONDS = 0.03;

/** Measuring loudness runs at some sixty times real time for each track. */
export function measuringSeconds({ sound, tracks, expectedSeconds }: Rendition): number {
  return sound?.soundtrack.loudness ? ((expectedSeconds ?? 60) / 60) * tracks.length : 0;
}

/** How long an encode takes, roughly: only its share beside the other stages matters. */
export function encodeSeconds(work: {
  codec: VideoOutput["codec"];
  preset: VideoOutput["preset"];
  pixels: number;
  fps: number;
  mediaSeconds: number;
  cpu: number;
}): number {
  const megapixels = (work.pixels * work.fps * work.mediaSeconds) / 1e6;
  return megapixels / encodeSpeed(work) / Math.max(0.5, work.cpu);
}
