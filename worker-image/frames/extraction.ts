import { stat } from "node:fs/promises";
import { join } from "node:path";
import { inputArguments } from "../probe/media-input.ts";
import { type FfmpegLimits, runFfmpeg } from "../video/ffmpeg.ts";
import { keyframesAt } from "./keyframes.ts";

/** A frame on disk, as PNG. */
export interface TakenFrame {
  seconds: number;
  path: string;
}

export interface Extraction {
  sourcePath: string;
  /** Index of the video stream in the file. */
  index: number;
  seconds: readonly number[];
  exact: boolean;
  filters: readonly string[];
  directory: string;
}

/**
 * Frames taken by one run of ffmpeg, each by a seek of its own. A run for each frame would spend most of its
 * time starting; reading the file from start to end would decode what nobody sees.
 */
const FRAMES_PER_RUN = 25;

export interface Taking {
  limits: FfmpegLimits;
  /** Told how many of the times are done with. */
  onTaken: (count: number) => void;
  onStart: (pid: number) => void;
}

/** Takes frames by seeking. A time at which there is no frame is left out. */
export async function takeFrames(
  extraction: Extraction,
  { limits, onTaken, onStart }: Taking,
): Promise<TakenFrame[]> {
  const taken: TakenFrame[] = [];
  for (let first = 0; first < extraction.seconds.length; first += FRAMES_PER_RUN) {
    const frames = extraction.seconds
      .slice(first, first + FRAMES_PER_RUN)
      .map((seconds, at) => ({ seconds, path: join(extraction.directory, `frame-${first + at}.png`) }));
    await runFfmpeg({ ...limits, arguments: takingArguments(extraction, frames), onStart });
    for (const frame of frames) {
      const found = await stat(frame.path).catch(() => undefined);
      if (found && found.size > 0) taken.push(frame);
    }
    onTaken(first + frames.length);
  }
  return taken;
}

export function takingArguments(extraction: Extraction, frames: readonly TakenFrame[]): string[] {
  const { sourcePath, index, exact, filters } = extraction;
  // Without accurate seeking the first frame after a seek is a keyframe, and no other needs decoding.
  const seeking = exact ? [] : ["-noaccurate_seek", "-skip_frame", "nokey"];
  return [
    ...frames.flatMap(({ seconds }) =>
      inputArguments(sourcePath, {
        options: ["-threads", "1", ...seeking, "-ss", seconds.toFixed(6), "-an", "-sn"],
      }),
    ),
    ...frames.flatMap(({ path }, input) => [
      ...["-map", `${input}:${index}`],
      ...(filters.length > 0 ? ["-filter:v", filters.join(",")] : []),
      ...["-frames:v", "1", ...PNG, "-f", "image2", "-update", "1", `file:${path}`],
    ]),
  ];
}

/**
 * Takes keyframes in one pass that decodes nothing but keyframes. Several times may share one frame: what
 * comes back has an entry for each time. Undefined when not every frame came, since the others are only told
 * apart by their number.
 */
export async function takeKeyframes(
  extraction: Extraction,
  keyframes: readonly number[],
  { limits, onTaken, onStart }: Taking,
): Promise<TakenFrame[] | undefined> {
  const wanted = keyframesAt(keyframes, extraction.seconds);
  const distinct = [...new Set(wanted)].sort((a, b) => a - b);
  await runFfmpeg({
    ...limits,
    arguments: passArguments(extraction, distinct, limits.threads),
    onStart,
    onProgress: ({ frames }) => onTaken(Math.round((frames / distinct.length) * wanted.length)),
  });
  const paths = distinct.map((_, at) => join(extraction.directory, `frame-${at}.png`));
  const last = await stat(paths.at(-1) ?? "").catch(() => undefined);
  if (!last?.size) return undefined;
  return extraction.seconds.map((seconds, at) => ({
    seconds,
    path: paths[distinct.indexOf(wanted[at] ?? 0)] ?? "",
  }));
}

/** Half a frame of 240 fps: no two keyframes lie that close. */
const SAME_MOMENT_SECONDS = 0.002;

export function passArguments(
  extraction: Extraction,
  keyframes: readonly number[],
  threads: number,
): string[] {
  const { sourcePath, index, filters, directory } = extraction;
  const moments = keyframes.map(
    (key) =>
      `between(t\\,${(key - SAME_MOMENT_SECONDS).toFixed(4)}\\,${(key + SAME_MOMENT_SECONDS).toFixed(4)})`,
  );
  const options = [
    "-threads",
    `${threads}`,
    "-discard:v",
    "nokey",
    "-discard:a",
    "all",
    "-skip_frame",
    "nokey",
  ];
  return [
    ...inputArguments(sourcePath, { options: [...options, "-an", "-sn"] }),
    ...["-map", `0:${index}`, "-filter:v", [`select=${moments.join("+")}`, ...filters].join(",")],
    ...["-fps_mode", "passthrough", ...PNG, "-f", "image2", "-start_number", "0"],
    `file:${join(directory, "frame-%d.png")}`,
  ];
}

/** Lossless and quick: the frames are read once and thrown away. */
const PNG = ["-c:v", "png", "-compression_level", "1", "-pix_fmt", "rgb24"];

/** The first frame of each scene, by ffmpeg's scene score on a small picture. */
export async function findScenes(
  {
    sourcePath,
    index,
    threshold,
    max,
  }: { sourcePath: string; index: number; threshold: number; max: number },
  {
    limits,
    onSeconds,
    onStart,
  }: { limits: FfmpegLimits; onSeconds: (seconds: number) => void; onStart: (pid: number) => void },
): Promise<number[]> {
  const seconds: number[] = [0];
  const list = [
    ...inputArguments(sourcePath, { options: ["-threads", `${limits.threads}`, "-an", "-sn"] }),
    ...["-map", `0:${index}`, "-filter:v", `scale=320:-2,select=gt(scene\\,${threshold}),showinfo`],
    ...["-fps_mode", "passthrough", "-f", "null", "-"],
  ];
  await runFfmpeg({
    ...limits,
    arguments: list,
    logLevel: "info",
    onStart,
    onProgress: ({ outTimeSeconds }) => onSeconds(outTimeSeconds),
    onLog: (line) => {
      const time = /showinfo.* pts_time:\s*([\d.]+)/.exec(line)?.[1];
      if (time !== undefined && seconds.length < max) seconds.push(Number(time));
    },
  });
  return seconds;
}
