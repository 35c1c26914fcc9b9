import { DECODE, encodeSpeed } from "../../crds/media-speed.ts";
import type { VideoOutput } from "../../crds/outputs/video.ts";
import type { Rendition } from "./rendition.ts";
import { perSecond } from "./timing.ts";

/** A part of the work with the time it is expected to take, relative to the others. */
export interface Stage {
  name: string;
  seconds: number;
}

export interface StageProgress {
  /** Tells that `name` has done `fraction` of itself; all stages before it count as done. */
  at(name: string, fraction: number): { stage: string; fraction: number };
}

/**
 * One fraction over several stages, weighted by the time each is expected to take. Fixed weights, such as 5, 85 and
 * 10 %, are wrong for most files: probing takes a fifth of a second, whether the encode takes a second or an hour.
 */
export function stageProgress(stages: readonly Stage[]): StageProgress {
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  let highest = 0;
  return {
    at(name, fraction) {
      const index = stages.findIndex((stage) => stage.name === name);
      const before = stages.slice(0, Math.max(0, index)).reduce((sum, { seconds }) => sum + seconds, 0);
      const own = (stages[index]?.seconds ?? 0) * Math.min(1, Math.max(0, fraction));
      highest = Math.max(highest, total === 0 ? 0 : Math.min(1, (before + own) / total));
      return { stage: name, fraction: highest };
    },
  };
}

/** How long the pictures of a rendition take, roughly. */
export function renditionSeconds(
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
  const decoded = output.verify === "Full" ? whole : Math.min(whole, 0.75);
  const megapixels = (size.width * size.height * (rate ? perSecond(rate) : 25) * decoded) / 1e6;
  return 0.2 + megapixels / DECODE / Math.max(0.5, cpu);
}

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
