import type { Soundtrack } from "../../../crds/outputs/soundtrack.ts";
import { inputArguments } from "../../probe/media-input.ts";
import { type FfmpegLimits, runFfmpeg } from "../ffmpeg.ts";

/** What EBU R 128 grants where a loudness cannot be held exactly. */
const TOLERATED_LU = 0.5;

/** Where EBU R 128 begins to count; below it all is silence. */
const GATE_LUFS = -70;

/**
 * The warning that a finished sound is not as loud as it was asked for. One whose peaks leave no room for the gain is
 * limited, and one of a wide range compressed, after which it may be anything; codecs take something away as well.
 *
 * @param stream of the file, as ffmpeg names it: `0:a:1`
 */
export async function missedLoudness(
  path: string,
  sound: { stream: string; what: string; loudness: Soundtrack["loudness"] },
  run: FfmpegLimits,
): Promise<{ reason: string; message: string }[]> {
  const { stream, what, loudness } = sound;
  if (!loudness) return [];
  const { log } = await runFfmpeg({
    ...run,
    arguments: [
      ...inputArguments(path, { options: ["-vn"] }),
      ...["-map", stream, "-filter:a", "ebur128=framelog=verbose", "-f", "null", "-"],
    ],
    logLevel: "info",
  });
  const found = integratedLufs(log);
  const { integratedLufs: wanted, truePeakDbtp, rangeLu } = loudness;
  if (found === undefined || found <= GATE_LUFS || Math.abs(found - wanted) <= TOLERATED_LU) return [];
  const message = `${what} has ${found} LUFS, not ${wanted}: its peaks may not pass ${truePeakDbtp} dBTP, nor its range ${rangeLu} LU`;
  return [{ reason: "LoudnessMissed", message }];
}

/** What ebur128 sums up at the end. */
function integratedLufs(log: readonly string[]): number | undefined {
  const value = log
    .map((line) => /\bI:\s+(-?[\d.]+) LUFS/.exec(line)?.[1])
    .findLast((each) => each !== undefined);
  return value === undefined ? undefined : Number(value);
}
