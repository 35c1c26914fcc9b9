import type { EngineContext } from "../engine.ts";
import type { MediaRecord } from "../probe/record.ts";
import { sha256Of } from "../storage/fingerprint.ts";
import type { FfmpegLimits, FfmpegReport } from "./ffmpeg.ts";
import type { Rendition } from "./rendition.ts";
import { lostTextsOf } from "./subtitles/subtitle-tracks.ts";
import { writeSubtitleFiles } from "./subtitles/subtitles.ts";
import { factsOf, productOf, subjectOf, type Task, type Tell } from "./task.ts";
import { verifyRendition } from "./verify.ts";

/** The file that ffmpeg has written, and what it was made of. */
export interface Staged {
  path: string;
  rendition: Rendition;
  /** What the source is. */
  source: MediaRecord;
  report: FfmpegReport;
  /** Of parts. */
  isJoined?: boolean;
}

/** Verifies a file, gives it and its subtitle files their names, and keeps how it was made. */
export async function finish(
  context: EngineContext,
  task: Task,
  {
    staged: { path, rendition, source, report, isJoined = false },
    limits,
    tell,
    record = {},
  }: { staged: Staged; limits: FfmpegLimits; tell: Tell; record?: Record<string, unknown> },
): Promise<void> {
  const { opened, video } = task;
  tell("verify", 0);
  // The hash keeps one core busy while the samples are read, which are mostly waited for.
  const [verified, sha256] = await Promise.all([
    verifyRendition(path, rendition, { sourcePath: opened.path, report, run: limits, isJoined }),
    sha256Of(path, { signal: context.signal }),
  ]);
  const lost = rendition.subtitles.length > 0 ? lostTextsOf(report) : undefined;
  for (const warning of [...verified.warnings, ...(lost ? [lost] : [])]) {
    context.warn({ ...warning, ...subjectOf(task) });
  }
  tell("publish", 0);
  await writeSubtitleFiles(context, task, source.subtitles);
  await context.publish(path, productOf(task), { ...factsOf(verified.record, video.codec), sha256 });
  context.record({ ...subjectOf(task), arguments: report.arguments, ...record });
}
