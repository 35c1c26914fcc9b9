import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { stillBytes } from "../../crds/media-speed.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { inputArguments } from "../probe/media-input.ts";
import { type FfmpegLimits, runFfmpeg } from "../video/ffmpeg.ts";
import type { Size } from "../video/picture/geometry.ts";
import { EARLIEST_SEEK_SECONDS } from "../video/time/spans.ts";
import { KEYFRAMES_ONLY, type Keyframe, keyframesAt, MOST_COPIED_BYTES } from "./keyframes.ts";
import { type ShownFrame, shownFrames } from "./shown-frames.ts";

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
  /** How many frames a run may take. */
  perRun: number;
  /** The frames of a source without an index, where they are listed already. */
  shown?: readonly ShownFrame[] | undefined;
}

/**
 * Frames taken by one run of ffmpeg, each by a seek of its own. A run for each frame would spend most of its
 * time starting; reading the file from start to end would decode what nobody sees.
 */
const MOST_PER_RUN = 25;

/** Of the memory that a unit has; the rest is the worker's own. */
const SHARE_OF_MEMORY = 0.75;

/** How many frames a run takes: the source is open for each. */
export function framesPerRun(memoryBytes: number, { source, made }: { source: Size; made: Size }): number {
  const heldBytes = stillBytes(source.width * source.height, made.width * made.height);
  return Math.max(1, Math.min(MOST_PER_RUN, Math.floor((memoryBytes * SHARE_OF_MEMORY) / heldBytes)));
}

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
  for (let first = 0; first < extraction.seconds.length; first += extraction.perRun) {
    const frames = extraction.seconds
      .slice(first, first + extraction.perRun)
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
  const { sourcePath, index, exact } = extraction;
  // Without accurate seeking the first frame after a seek is the keyframe before it, and no other needs decoding.
  const seeking = ["-noaccurate_seek", ...(exact ? [] : ["-skip_frame", "nokey"])];
  const filters = [...(exact ? LAST_AT_OR_BEFORE : []), ...extraction.filters];
  return [
    ...frames.flatMap(({ seconds }) =>
      inputArguments(sourcePath, {
        options: ["-threads", "1", ...seeking, ...goingTo(seconds), "-an", "-sn"],
      }),
    ),
    ...frames.flatMap(({ path }, input) => [
      ...["-map", `${input}:${index}`],
      ...(filters.length > 0 ? ["-filter:v", filters.join(",")] : []),
      // A keyframe before the time that was sought is early, and would be dropped as such.
      ...[
        "-fps_mode:v",
        "passthrough",
        "-frames:v",
        "1",
        ...PNG,
        "-f",
        "image2",
        "-update",
        "1",
        `file:${path}`,
      ],
    ]),
  ];
}

/** What comes first is read up to: a seek may fail there. */
const goingTo = (seconds: number): string[] =>
  seconds < EARLIEST_SEEK_SECONDS ? ["-itsoffset", (-seconds).toFixed(6)] : ["-ss", seconds.toFixed(6)];

/**
 * The frame that a player shows at the time that was sought, which is zero here: an accurate seek would take the one
 * after it. The last frame stays beyond its end, as it does where the sound is longer. Without a rate, which some
 * sources lack, copies have all one time: their number is what ends them, at about an hour of 25 a second.
 */
const LAST_AT_OR_BEFORE = ["tpad=stop=100000:stop_mode=clone", "fps=25:start_time=0:round=up"] as const;

/**
 * Takes keyframes: the wanted ones are copied out first, so that no other is decoded, and by one run, since opening
 * the source for each costs more than decoding it. Several times may share one frame: what comes back has an entry
 * for each time. Undefined where they are too large to copy, or when not every frame came, since they are only told
 * apart by their number.
 */
export async function takeKeyframes(
  extraction: Extraction,
  keyframes: readonly Keyframe[],
  { limits, onTaken, onStart }: Taking,
): Promise<TakenFrame[] | undefined> {
  const wanted = keyframesAt(keyframes, extraction.seconds);
  const copied = [...new Set(wanted)].sort((a, b) => a.packet - b.packet);
  const packets = copied.map(({ packet }) => packet);
  const bytes = copied.reduce((sum, keyframe) => sum + keyframe.bytes, 0);
  if (packets.length === 0 || bytes > MOST_COPIED_BYTES) return undefined;
  const copyPath = join(extraction.directory, "keyframes.mov");
  try {
    await runFfmpeg({ ...limits, arguments: copyingArguments(extraction, packets, copyPath), onStart });
    await runFfmpeg({
      ...limits,
      arguments: decodingArguments(extraction, copyPath, limits.threads),
      onStart,
      onProgress: ({ frames }) => onTaken(Math.round((frames / packets.length) * wanted.length)),
    });
  } catch (error) {
    limits.signal.throwIfAborted();
    if (error instanceof MediaFailure) return undefined; // a seek for each frame may do, or tells why nothing does
    throw error;
  } finally {
    await rm(copyPath, { force: true });
  }
  const paths = packets.map((_, at) => join(extraction.directory, `frame-${at}.png`));
  const last = await stat(paths.at(-1) ?? "").catch(() => undefined);
  if (!last?.size) return undefined;
  return extraction.seconds.map((seconds, at) => ({
    seconds,
    path: paths[packets.indexOf(wanted[at]?.packet ?? 0)] ?? "",
  }));
}

/** Into MOV, which is what the source is: it holds every codec of the source, and how the picture has to be turned. */
export function copyingArguments(
  { sourcePath, index }: Extraction,
  packets: readonly number[],
  targetPath: string,
): string[] {
  return [
    ...inputArguments(sourcePath, { options: KEYFRAMES_ONLY }),
    ...[
      "-map",
      `0:${index}`,
      "-c",
      "copy",
      "-bsf:v",
      `noise=amount=0:drop=not(${anyOf(packets, (packet) => `eq(n\\,${packet})`)})`,
    ],
    ...["-f", "mov", `file:${targetPath}`],
  ];
}

/** A tree of sums: ffmpeg takes an expression of a hundred terms in a row for too deep. */
export function anyOf(numbers: readonly number[], termOf: (number: number) => string): string {
  const TERMS = 8;
  if (numbers.length <= TERMS) return numbers.map(termOf).join("+");
  const size = Math.ceil(numbers.length / TERMS);
  const groups = Array.from({ length: Math.ceil(numbers.length / size) }, (_, at) =>
    numbers.slice(at * size, (at + 1) * size),
  );
  return groups.map((group) => `(${anyOf(group, termOf)})`).join("+");
}

function decodingArguments({ filters, directory }: Extraction, path: string, threads: number): string[] {
  return [
    ...inputArguments(path, { options: ["-threads", `${threads}`] }),
    ...["-map", "0:v", ...(filters.length > 0 ? ["-filter:v", filters.join(",")] : [])],
    ...["-fps_mode", "passthrough", ...PNG, "-f", "image2", "-start_number", "0"],
    `file:${join(directory, "frame-%d.png")}`,
  ];
}

/** Lossless and quick: the frames are read once and thrown away. */
export const PNG = ["-c:v", "png", "-compression_level", "1", "-pix_fmt", "rgb24"];

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
  // All pictures go to the output as well: by those ffmpeg tells how far it is.
  const graph = `[0:${index}]scale=320:-2,split[all][first];[first]select=gt(scene\\,${threshold}),showinfo,nullsink`;
  const list = [
    ...inputArguments(sourcePath, { options: ["-threads", `${limits.threads}`, "-an", "-sn"] }),
    ...["-filter_complex", graph, "-map", "[all]"],
    ...["-fps_mode", "passthrough", "-f", "null", "-"],
  ];
  await runFfmpeg({
    ...limits,
    arguments: list,
    logLevel: "info",
    onStart,
    onProgress: ({ outTimeSeconds }) => onSeconds(outTimeSeconds),
    onLog: shownFrames((frame) => {
      if (seconds.length < max) seconds.push(frame.seconds);
    }),
  });
  return seconds;
}
