import { inputArguments } from "../../probe/media-input.ts";
import { type FfmpegLimits, type FfmpegReport, type FfmpegRun, runFfmpeg } from "../ffmpeg.ts";

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
  const { peaksDb } = await runWithPeaks({ ...run, arguments: list });
  return peaksDb.every((db) => db <= SILENT_DB);
}

/** A run with volumedetect, and the peak that each of its instances tells, which are more lines than a report keeps. */
export async function runWithPeaks(run: FfmpegRun): Promise<FfmpegReport & { peaksDb: readonly number[] }> {
  const peaksDb: number[] = [];
  const report = await runFfmpeg({
    ...run,
    logLevel: "info",
    onLog: (line) => {
      const peak = /max_volume: (-?[\d.]+|-inf) dB/.exec(line)?.[1];
      if (peak !== undefined) peaksDb.push(peak === "-inf" ? Number.NEGATIVE_INFINITY : Number(peak));
    },
  });
  return { ...report, peaksDb };
}
