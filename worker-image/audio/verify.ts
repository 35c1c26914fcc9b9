import { stat } from "node:fs/promises";
import { MediaFailure } from "../probe/media-failure.ts";
import { inputArguments } from "../probe/media-input.ts";
import { probe } from "../probe/probe.ts";
import type { MediaRecord } from "../probe/record.ts";
import { refuseUndecodable } from "../probe/refuse-undecodable.ts";
import type { FfmpegLimits, FfmpegReport } from "../video/ffmpeg.ts";
import { missedLoudness } from "../video/sound/loudness-check.ts";
import { isSilent, runWithPeaks, SILENT_DB } from "../video/sound/silence.ts";
import { SOUND_CODEC_NAMES } from "../video/sound/sound.ts";
import { excessOf, LENGTH_TOLERANCE_SECONDS, nothingMade, shortnessOf } from "../video/time/source-length.ts";
import { damageOf, type Verified } from "../video/verify.ts";
import type { Recording } from "./recording.ts";

/**
 * Looks at a finished recording before it gets its name: that it opens, has its codec and length, decodes, and is not
 * silent where its source is not.
 *
 * @throws MediaFailure VerificationFailed, SourceCorrupt, SourceTruncated, InvalidOutputSpec.
 */
export async function verifyRecording(
  path: string,
  recording: Recording,
  made: { sourcePath: string; report: FfmpegReport; run: FfmpegLimits },
): Promise<Verified> {
  const { sourcePath, report, run } = made;
  if ((await stat(path)).size === 0 || !report.progress?.outTimeSeconds) {
    throw nothingMade(
      { what: "sound", of: `audio track ${recording.track.index} of the source` },
      recording.spans,
      report,
    );
  }
  const [record, peaksDb] = await Promise.all([
    probe(path, run.signal, { firstFrame: false }),
    decodedPeaks(path, run),
  ]);
  const codec = record.audio[0]?.codec ?? null;
  if (!SOUND_CODEC_NAMES[recording.wish.codec].includes(codec ?? "")) {
    throw new MediaFailure(
      "VerificationFailed",
      `the finished file's codec is ${codec}, not ${recording.wish.codec}`,
    );
  }
  const foundSeconds = refuseOtherLength(record, report);
  const declaredSeconds = recording.expectedSeconds;
  const [excess] = excessOf(recording, { declaredSeconds, foundSeconds });
  if (excess) {
    throw new MediaFailure("VerificationFailed", `the finished file is not what was asked for: ${excess}`);
  }
  const { loudness } = recording.output;
  const damage = damageOf(report);
  const warnings = [
    ...shortnessOf({ what: "sound", declaredSeconds, foundSeconds }, report),
    ...(damage ? [damage] : []),
    ...(await missedLoudness(path, { stream: "0:a:0", what: "the file", loudness }, run)),
  ];
  if (peaksDb.every((db) => db <= SILENT_DB)) {
    await refuseLostSound({ path, sourcePath }, recording, run);
  }
  return { record, warnings };
}

/** No seek: a decoder of MP3 that begins in the middle misses what came before, and calls it an error. */
const SAMPLE_SECONDS = 60;

/** How loud the first minute is, all of which has to decode. */
async function decodedPeaks(path: string, run: FfmpegLimits): Promise<readonly number[]> {
  const options = ["-err_detect", "explode", "-t", `${SAMPLE_SECONDS}`];
  const report = await runWithPeaks({
    ...run,
    arguments: [
      ...inputArguments(path, { options }),
      ...["-map", "0:a", "-filter:a", "volumedetect", "-f", "null", "-"],
    ],
  });
  refuseUndecodable(report);
  return report.peaksDb;
}

/** How long the file is, which is what ffmpeg said: sound codecs pad its start and end, and no more than that. */
function refuseOtherLength({ durationSeconds }: MediaRecord, { progress }: FfmpegReport): number {
  const written = progress?.outTimeSeconds ?? 0;
  const found = durationSeconds ?? written;
  if (Math.abs(found - written) <= LENGTH_TOLERANCE_SECONDS) return found;
  throw new MediaFailure(
    "VerificationFailed",
    `the finished file lasts ${found.toFixed(3)} s but ${written.toFixed(3)} s were written`,
  );
}

/** A cut may lie in a pause; a whole track that was heard must still be. */
async function refuseLostSound(
  { path, sourcePath }: { path: string; sourcePath: string },
  { spans, track }: Recording,
  run: FfmpegLimits,
): Promise<void> {
  if (spans.length > 0 || !(await isSilent(path, "0:a:0", run))) return;
  if (await isSilent(sourcePath, `0:${track.index}`, run)) return;
  throw new MediaFailure(
    "VerificationFailed",
    `the finished file is silent, audio track ${track.index} of the source is not`,
  );
}
