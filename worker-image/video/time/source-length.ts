import { lastErrors } from "../../probe/log-reading.ts";
import { MediaFailure } from "../../probe/media-failure.ts";
import type { FfmpegReport } from "../ffmpeg.ts";

/** What was made, against what the source declares: a difference is the source's. */

/** Shortest length that is told apart; below it, priming and rounding of containers differ. */
export const LENGTH_TOLERANCE_SECONDS = 0.25;

/** Most that a long source may lack without a word. */
const MOST_TOLERATED_SECONDS = 1;

export interface Lengths {
  /** What ends early, e.g. `pictures and sound`. */
  what: string;
  declaredSeconds: number | null;
  foundSeconds: number;
  /** What may be missing at least, where that is more than usual. */
  toleranceSeconds?: number;
}

/**
 * The warning that a source holds less than it declares.
 *
 * @throws MediaFailure SourceTruncated where ffmpeg saw it break off.
 */
export function shortnessOf(
  { what, declaredSeconds, foundSeconds, toleranceSeconds = 0 }: Lengths,
  report: Pick<FfmpegReport, "cutShortLines" | "log">,
): { reason: string; message: string }[] {
  if (declaredSeconds === null) return [];
  const share = Math.min(declaredSeconds * 0.01, MOST_TOLERATED_SECONDS);
  const tolerated = Math.max(LENGTH_TOLERANCE_SECONDS, share, toleranceSeconds);
  if (foundSeconds >= declaredSeconds - tolerated) return [];
  if (report.cutShortLines > 0) {
    throw new MediaFailure(
      "SourceTruncated",
      `the source ends after ${foundSeconds.toFixed(1)} s of the ${declaredSeconds.toFixed(1)} s it declares; copy it again`,
      report.log,
    );
  }
  const message = `the source declares ${declaredSeconds.toFixed(1)} s but holds ${foundSeconds.toFixed(1)} s of ${what}`;
  return [{ reason: "SourceShorterThanDeclared", message }];
}

/** Why a run made nothing: a source that is whole may end before its cuts begin, or a track of it. */
export function nothingMade(
  { what, of = "the source" }: { what: "frame" | "sound"; of?: string },
  spans: readonly unknown[],
  { log, cutShortLines, damagedLines }: Pick<FfmpegReport, "cutShortLines" | "damagedLines" | "log">,
): MediaFailure {
  if (spans.length > 0 && cutShortLines + damagedLines === 0) {
    return new MediaFailure("InvalidOutputSpec", `${of} has no ${what} in any of the cuts; name others`, log);
  }
  return new MediaFailure(
    "SourceCorrupt",
    `no ${what} of the source could be decoded: ${lastErrors(log)}`,
    log,
  );
}

/** What is wrong with cuts that last longer than they may: they hold what nobody asked for. */
export function excessOf(
  { spans }: { spans: readonly unknown[] },
  { declaredSeconds, foundSeconds, toleranceSeconds = 0 }: Omit<Lengths, "what">,
): string[] {
  if (spans.length === 0 || declaredSeconds === null) return [];
  if (foundSeconds <= declaredSeconds + Math.max(LENGTH_TOLERANCE_SECONDS, toleranceSeconds)) return [];
  return [`it lasts ${foundSeconds.toFixed(3)} s, its cuts ${declaredSeconds.toFixed(3)} s`];
}
