import { stat } from "node:fs/promises";
import { startsFast, walkBoxes } from "../probe/box-walk.ts";
import { countedFrames } from "../probe/counted-frames.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { probe } from "../probe/probe.ts";
import type { MediaRecord } from "../probe/record.ts";
import { decodeSample } from "./decode-sample.ts";
import type { FfmpegLimits, FfmpegReport } from "./ffmpeg.ts";
import { otherLength } from "./length-check.ts";
import { expectedCodec, type Rendition } from "./rendition.ts";
import { missedLoudness } from "./sound/loudness-check.ts";
import { isSilent } from "./sound/silence.ts";
import { SOUND_CODEC_NAMES } from "./sound/sound.ts";
import {
  excessOf,
  LENGTH_TOLERANCE_SECONDS,
  type Lengths,
  nothingMade,
  shortnessOf,
} from "./time/source-length.ts";
import { outputSeconds, perSecond } from "./time/timing.ts";

/** What a finished file was found to be. */
export interface Verified {
  record: MediaRecord;
  warnings: { reason: string; message: string }[];
}

/** What a file was made of and by, and how. */
export interface Made {
  sourcePath: string;
  report: FfmpegReport;
  run: FfmpegLimits;
  /** Of parts, each of which was held to its length when it was made. */
  isJoined?: boolean;
}

/**
 * Looks at a finished file before it gets its name: that it opens, is whole, has the codecs, size and length
 * that were decided, and decodes.
 *
 * @throws MediaFailure VerificationFailed when ffmpeg made something else than it was told to; SourceTruncated
 * or SourceCorrupt when the source gave less than it promised; InvalidOutputSpec when it ends before its cuts begin.
 */
export async function verifyRendition(
  path: string,
  rendition: Rendition,
  { sourcePath, report, run, isJoined = false }: Made,
): Promise<Verified> {
  if ((await stat(path)).size === 0 || (rendition.output.codec !== "copy" && report.progress?.frames === 0)) {
    throw nothingMade({ what: "frame" }, rendition.spans, report);
  }
  const writtenSeconds = report.progress?.outTimeSeconds ?? 0;
  const [opened, decoded] = await Promise.allSettled([
    openFinished(path, run.signal),
    decodeSample(path, { output: rendition.output, seconds: writtenSeconds, run }),
  ]);
  const record = settled(opened);
  const differences = [...pictureDifferences(record, rendition), ...soundDifferences(record, rendition)];
  if (rendition.output.container === "mp4" || rendition.output.container === "mov") {
    if (!startsFast(await walkBoxes(path))) differences.push("its index is not at the front");
  }
  const frames = rendition.output.codec === "copy" ? null : await countedFrames(record, path, run.signal);
  differences.push(...lengthDifferences(record, { rendition, report, frames }));
  differences.push(...excessOf(rendition, wholeLengths(record, rendition, report)));
  if (differences.length === 0 && !isJoined) {
    const made = { seconds: record.video[0]?.durationSeconds ?? null, frames };
    differences.push(...(await otherLength(made, rendition, { sourcePath, report, run })));
  }
  if (differences.length > 0) {
    throw new MediaFailure(
      "VerificationFailed",
      `the finished file is not what was asked for: ${differences.join("; ")}`,
      report.log,
    );
  }
  const warnings = [
    ...sourceWarnings(record, rendition, report),
    ...sizeWarnings(record, rendition),
    ...(await loudnessWarnings(path, rendition, run)),
  ];
  if (settled(decoded).maybeSilent) await refuseLostSound({ path, sourcePath }, rendition, run);
  return { record, warnings };
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

async function openFinished(path: string, signal: AbortSignal): Promise<MediaRecord> {
  try {
    return await probe(path, signal, { firstFrame: false });
  } catch (error) {
    if (!(error instanceof MediaFailure)) throw error;
    throw new MediaFailure("VerificationFailed", `the finished file does not open: ${error.message}`);
  }
}

export function pictureDifferences(record: MediaRecord, rendition: Rendition): string[] {
  const picture = record.video[0];
  if (!picture) return ["it has no video"];
  const { size, output, pixelFormat } = rendition;
  const codec = expectedCodec(rendition);
  return [
    ...(codec !== null && picture.codec !== codec ? [`its codec is ${picture.codec}, not ${codec}`] : []),
    ...(picture.storedWidth !== size.width || picture.storedHeight !== size.height
      ? [`its size is ${picture.storedWidth}×${picture.storedHeight}, not ${size.width}×${size.height}`]
      : []),
    ...(output.codec !== "copy" && !samePixels(picture.pixelFormat, pixelFormat)
      ? [`its pixel format is ${picture.pixelFormat}, not ${pixelFormat}`]
      : []),
    ...(output.codec !== "copy" && picture.rotation !== 0
      ? [`it is stored turned by ${picture.rotation}°`]
      : []),
  ];
}

/** ProRes 4444 is written from 10 bits and always read as 12: the stream does not say. */
const samePixels = (found: string | null, wanted: string): boolean =>
  found === wanted || found?.replace("p12le", "p10le") === wanted;

function soundDifferences(record: MediaRecord, { tracks, soundCodec }: Rendition): string[] {
  if (record.audio.length !== tracks.length) {
    return [`it has ${record.audio.length} audio tracks, not ${tracks.length}`];
  }
  if (soundCodec === "copy" || soundCodec === "none") return [];
  const names = SOUND_CODEC_NAMES[soundCodec];
  const wrong = record.audio.find(({ codec }) => !names.includes(codec ?? ""));
  return wrong ? [`its audio codec is ${wrong.codec}, not ${soundCodec}`] : [];
}

/**
 * The file against what ffmpeg said it wrote: what is missing is ffmpeg's or the disk's fault. ffmpeg tells the time of
 * the packet it wrote last, which B-frames put before those that are shown later: a file may last longer.
 */
function lengthDifferences(
  record: MediaRecord,
  { rendition, report, frames }: { rendition: Rendition; report: FfmpegReport; frames: number | null },
): string[] {
  const written = report.progress?.outTimeSeconds ?? 0;
  const found = endOf(record);
  const differences: string[] = [];
  if (found !== null && found < written - toleranceOf(rendition)) {
    differences.push(`it lasts ${found.toFixed(3)} s but ${written.toFixed(3)} s were written`);
  }
  if (frames !== null && report.progress && frames !== report.progress.frames) {
    differences.push(`it has ${frames} frames but ${report.progress.frames} were written`);
  }
  return differences;
}

/** The file against what the source promised: a difference is the source's. */
function sourceWarnings(
  record: MediaRecord,
  rendition: Rendition,
  report: FfmpegReport,
): Verified["warnings"] {
  const lengths = wholeLengths(record, rendition, report);
  const { toleranceSeconds } = lengths;
  const whole = shortnessOf(lengths, report);
  // Where the whole is short its pictures are too.
  const warnings =
    whole.length > 0
      ? whole
      : shortnessOf({ ...pictureLengths(record, rendition), toleranceSeconds }, report);
  const damage = damageOf(report);
  return damage ? [...warnings, damage] : warnings;
}

const wholeLengths = (record: MediaRecord, rendition: Rendition, report: FfmpegReport) => ({
  what: "pictures and sound",
  declaredSeconds: rendition.expectedSeconds,
  foundSeconds: endOf(record) ?? report.progress?.outTimeSeconds ?? 0,
  toleranceSeconds: toleranceOf(rendition),
});

/** Where a finished file ends, counted from zero as ffmpeg counts what it writes: pictures alone may begin later. */
const endOf = ({ startSeconds, durationSeconds }: MediaRecord): number | null =>
  durationSeconds === null ? null : Math.max(0, startSeconds ?? 0) + durationSeconds;

/**
 * Of pictures alone, which may end long before the sound does: that of a cut is as long as the cut, whatever the source
 * held. How long joined files are is not told.
 */
function pictureLengths(
  record: MediaRecord,
  { picture, spans, appended, expectedSeconds, output: { speed } }: Rendition,
): Lengths {
  const own = picture.durationSeconds;
  const shown = spans.map(({ startSeconds, endSeconds = Number.POSITIVE_INFINITY }) => ({
    startSeconds,
    endSeconds: Math.max(startSeconds, Math.min(endSeconds, own ?? endSeconds)),
  }));
  const planned = outputSeconds({ spans: shown, speed }, own);
  const [found] = record.video;
  const begins = Math.max(0, (found?.startSeconds ?? 0) - (record.startSeconds ?? 0));
  return {
    what: "pictures",
    declaredSeconds:
      appended.length > 0 || planned === null || expectedSeconds === null
        ? null
        : Math.min(planned, expectedSeconds),
    foundSeconds: begins + (found?.durationSeconds ?? record.durationSeconds ?? 0),
  };
}

/** Share of `targetBytes` by which a file may miss it without a word. */
const TOLERATED_SIZE_SHARE = 0.05;

function sizeWarnings({ bytes }: MediaRecord, { output: { targetBytes } }: Rendition): Verified["warnings"] {
  if (targetBytes === undefined || Math.abs(bytes / targetBytes - 1) <= TOLERATED_SIZE_SHARE) return [];
  const message = `the file has ${bytes} bytes, targetBytes are ${targetBytes}: a brief or a plain film meets no size exactly`;
  return [{ reason: "TargetSizeMissed", message }];
}

async function loudnessWarnings(
  path: string,
  { sound, tracks }: Rendition,
  run: FfmpegLimits,
): Promise<Verified["warnings"]> {
  const warnings: Verified["warnings"] = [];
  for (const [position] of tracks.entries()) {
    const what = `audio track ${position} of the file`;
    const { loudness } = sound?.soundtrack ?? {};
    warnings.push(...(await missedLoudness(path, { stream: `0:a:${position}`, what, loudness }, run)));
  }
  return warnings;
}

/** The warning that a run concealed damage of the source; undefined when there was none. */
export function damageOf({ damagedLines }: FfmpegReport): Verified["warnings"][number] | undefined {
  if (damagedLines === 0) return undefined;
  return {
    reason: "SourceDamaged",
    message: `the source is damaged in ${damagedLines} place(s), which were concealed; compare the output with the source`,
  };
}

function toleranceOf({ fps, picture }: Rendition): number {
  const rate = fps ?? picture.frameRate;
  return Math.max(LENGTH_TOLERANCE_SECONDS, rate ? 2 / perSecond(rate) : 0);
}

/** A track may be silent for seconds or for good; only one that lost its source's sound is wrong. */
async function refuseLostSound(
  { path, sourcePath }: { path: string; sourcePath: string },
  { sound, tracks, spans, appended }: Rendition,
  run: FfmpegLimits,
): Promise<void> {
  if (!sound || spans.length > 0 || appended.length > 0) return;
  for (const [position, track] of tracks.entries()) {
    if (!(await isSilent(path, `0:a:${position}`, run))) continue;
    if (await isSilent(sourcePath, `0:${track.index}`, run)) continue;
    throw new MediaFailure(
      "VerificationFailed",
      `audio track ${position} of the finished file is silent, that of the source (${track.index}) is not`,
    );
  }
}
