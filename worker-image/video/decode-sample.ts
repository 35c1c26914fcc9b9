import type { VideoOutput } from "../../crds/outputs/video.ts";
import { inputArguments } from "../probe/media-input.ts";
import { refuseUndecodable } from "../probe/refuse-undecodable.ts";
import type { FfmpegLimits } from "./ffmpeg.ts";
import { runWithPeaks, SILENT_DB } from "./sound/silence.ts";

/** Seconds that are decoded at each place with `verify: Fast`: some frames, and sound enough to tell from silence. */
const SAMPLE_SECONDS = 0.25;

/** Below this length all of a file costs about as much as samples of it. */
const WHOLE_UP_TO_SECONDS = 2;

/**
 * Decodes a finished file at its start, its middle and its last keyframe, or all of it with `verify: Full`. A sample
 * begins at a keyframe: up to a moment in between ten seconds of frames may have to be decoded, which is two seconds
 * of a processor with 1080p. That nothing is missing between samples the container's own numbers tell.
 *
 * @throws MediaFailure VerificationFailed upon any error of a decoder.
 */
export async function decodeSample(
  path: string,
  {
    output,
    seconds,
    run,
  }: { output: Pick<VideoOutput, "verify" | "codec">; seconds: number; run: FfmpegLimits },
): Promise<{ maybeSilent: boolean }> {
  const places = output.verify === "Full" ? [] : samplePlaces(seconds);
  // More threads for a few frames in three places cost a quarter more and take as long.
  const threads = places.length > 0 ? 1 : run.threads;
  const report = await runWithPeaks({ ...run, threads, arguments: sampleArguments(path, places, threads) });
  // A copied stream may have been damaged before; that is the source's and was warned of.
  if (output.codec !== "copy") refuseUndecodable(report);
  return { maybeSilent: maybeSilent(report.peaksDb, Math.max(1, places.length)) };
}

/** Where samples begin, in seconds; none where all of a file is decoded. */
export function samplePlaces(seconds: number): number[] {
  if (seconds <= WHOLE_UP_TO_SECONDS) return [];
  return [0, seconds / 2, seconds - SAMPLE_SECONDS];
}

function sampleArguments(path: string, places: readonly number[], threads: number): string[] {
  const inputs = sampleInputs(path, places, threads);
  return [
    ...inputs.flat(),
    ...inputs.flatMap((_, input) => ["-map", `${input}:v`, "-map", `${input}:a?`]),
    ...SAMPLE_OUTPUT,
  ];
}

/** The inputs that read a file at these places, or all of it where there are none. */
export function sampleInputs(path: string, places: readonly number[], threads: number): string[][] {
  const common = ["-threads", `${threads}`, "-err_detect", "explode"];
  if (places.length === 0) return [inputArguments(path, { options: common })];
  return places.map((place) => {
    // `-t` counts from the keyframe then, and not from the moment that was sought
    const seek = place > 0 ? ["-noaccurate_seek", "-ss", place.toFixed(3)] : [];
    return inputArguments(path, { options: [...common, ...seek, "-t", `${SAMPLE_SECONDS}`] });
  });
}

/** What is decoded goes nowhere, and its loudness to the log. */
export const SAMPLE_OUTPUT = [
  // Every frame at its own time: a guessed rate puts frames of a varying one on top of each other.
  ...["-fps_mode:v", "passthrough", "-enc_time_base:v", "-1"],
  ...["-filter:a", "volumedetect", "-f", "null", "-"],
];

/**
 * Whether some track may be silent wherever it was looked at. Which peak is whose is not told, so it takes as many
 * silent ones as there are places; a film that begins in silence has fewer.
 */
export const maybeSilent = (peaksDb: readonly number[], places: number): boolean =>
  peaksDb.filter((db) => db <= SILENT_DB).length >= places;
