import { inputArguments } from "../probe/media-input.ts";
import { type FfmpegLimits, runFfmpeg } from "../video/ffmpeg.ts";

/** Containers whose index names the keyframes, so that they are found without reading the media. */
const INDEXED_CONTAINERS = new Set(["mov"]);

export const listsKeyframes = (container: string): boolean => INDEXED_CONTAINERS.has(container);

/** A keyframe by its time, in seconds, and its number among the packets that are read where only keyframes are. */
export interface Keyframe {
  seconds: number;
  packet: number;
}

/** Reads little but keyframes: what lies between is passed over by the index. */
export const KEYFRAMES_ONLY = ["-discard:v", "nokey", "-discard:a", "all"] as const;

/** The keyframes of a stream, in order. Nothing is decoded. */
export async function listKeyframes(
  path: string,
  { index, limits }: { index: number; limits: FfmpegLimits },
): Promise<Keyframe[]> {
  let text = "";
  await runFfmpeg({
    ...limits,
    arguments: [
      ...inputArguments(path, { options: KEYFRAMES_ONLY }),
      ...["-map", `0:${index}`, "-c", "copy", "-f", "framecrc", "pipe:1"],
    ],
    onData: (chunk) => {
      text += chunk.toString("latin1");
    },
  });
  return readFrameList(text);
}

/**
 * ffmpeg's framecrc: `#tb 0: 1/12800`, then `stream, dts, pts, duration, size, checksum` a line, with `F=0x0`
 * at its end for a packet that is no keyframe: those read before `-discard` took effect come through.
 */
export function readFrameList(text: string): Keyframe[] {
  const [, num = 0, den = 1] = /^#tb 0: (\d+)\/(\d+)/m.exec(text)?.map(Number) ?? [];
  return text
    .split("\n")
    .filter((line) => /^0,/.test(line))
    .map((line, packet) => ({ line, packet }))
    .filter(({ line }) => !/F=0x[0-9A-F]*[02468ACE]$/.test(line))
    .map(({ line, packet }) => ({ seconds: (Number(line.split(",")[2]) * num) / den, packet }))
    .filter(({ seconds }) => Number.isFinite(seconds));
}

/** The last keyframe at or before each time; the first one for times before it. */
export function keyframesAt(keyframes: readonly Keyframe[], times: readonly number[]): Keyframe[] {
  const [first] = keyframes;
  if (!first) return [];
  return times.map((time) => keyframes.findLast(({ seconds }) => seconds <= time + 1e-4) ?? first);
}

/**
 * Whether reading all keyframes costs less than a seek for each time. A seek opens the file anew: measured on 720p,
 * 45 ms, where a keyframe that is read and not decoded takes 0.3 ms.
 */
export const passIsCheaper = (keyframes: number, times: number): boolean => keyframes <= times * 50;
