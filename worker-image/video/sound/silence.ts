import { inputArguments } from "../../probe/media-input.ts";
import { type FfmpegLimits, runFfmpeg } from "../ffmpeg.ts";

/** Below this, a track is digital silence with dither at most. */
export const SILENT_DB = -80;

/**
 * True when no sample of the given audio stream (`0:a:1`, `0:3`) rises above silence. Decodes the sound of the
 * whole file, so it is asked only where a sample of it was silent.
 */
export async function isSilent(path: string, stream: string, run: FfmpegLimits): Promise<boolean> {
  const list = [
    ...inputArguments(path, { options: ["-vn"] }),
    ...["-map", stream, "-filter:a", "volumedetect", "-f", "null", "-"],
  ];
  const { log } = await runFfmpeg({ ...run, arguments: list, logLevel: "info" });
  return loudestDb(log).every((db) => db <= SILENT_DB);
}

/** What volumedetect logged, one peak for each of its instances. */
export function loudestDb(log: readonly string[]): number[] {
  return log.flatMap((line) => {
    const peak = /max_volume: (-?[\d.]+|-inf) dB/.exec(line)?.[1];
    return peak === undefined ? [] : [peak === "-inf" ? Number.NEGATIVE_INFINITY : Number(peak)];
  });
}
