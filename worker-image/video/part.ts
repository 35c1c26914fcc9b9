import { rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { whyInOnePiece } from "../../crds/outputs/parts.ts";
import type { VideoOutput } from "../../crds/outputs/video.ts";
import type { Unit } from "../../crds/unit.ts";
import type { EngineContext, OpenedSource } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { probe } from "../probe/probe.ts";
import type { MediaRecord } from "../probe/record.ts";
import { isSeekable } from "../probe/seekable.ts";
import { fingerprintOf } from "../storage/fingerprint.ts";
import { WorkFailure } from "../work-failure.ts";
import { partArguments, partContainer } from "./arguments.ts";
import { openCompanions } from "./companions.ts";
import { decodeSample } from "./decode-sample.ts";
import { Encode } from "./encode.ts";
import type { FfmpegReport } from "./ffmpeg.ts";
import { otherLength } from "./length-check.ts";
import { renditionSeconds, verifyingSeconds } from "./progress/stage-seconds.ts";
import { planRendition, type Rendition } from "./rendition.ts";
import { subjectOf, type Task, tellOf } from "./task.ts";
import { damageOf, pictureDifferences } from "./verify.ts";

/**
 * Makes one part of a long video: the pictures of a window of its time, no sound. It never gives anything a
 * final name: the part is left for the unit that joins.
 */

export type Part = NonNullable<Unit["part"]>;

/** How long before its window reading begins, for filters that look at neighbouring frames. */
export const LEAD_SECONDS = 1;

/**
 * Made of what decides the pixels, so that a part of other bytes or another spec is never taken. The engine's
 * version is left out: a worker image that changes between two parts must not lose them; what they hold is
 * compared when they are joined.
 */
export function partName(
  { opened, video }: { opened: OpenedSource; video: VideoOutput },
  { index, count }: Pick<Part, "index" | "count">,
): string {
  const key = fingerprintOf(opened.source.name, opened.identity, video).slice(0, 24);
  return `${key}-${index}-of-${count}.${partContainer(video)}`;
}

/** @throws WorkFailure InvalidUnit for an output that has to be made in one piece. */
export function refuseWhatMayNotBeCut({ name, video }: Task): void {
  const reason = whyInOnePiece(video);
  if (reason) throw new WorkFailure("InvalidUnit", `output ${name} cannot be made in parts: ${reason}`);
}

/** @throws WorkFailure InvalidUnit for a source in which no moment can be gone to. */
export function refuseUnseekable({ source }: OpenedSource, record: MediaRecord): void {
  if (isSeekable(record)) return;
  throw new WorkFailure(
    "InvalidUnit",
    `source ${source.name} is ${record.container}, which does not say where its frames are: no part of it can be found`,
  );
}

export async function makePart(context: EngineContext, task: Task, part: Part): Promise<void> {
  refuseWhatMayNotBeCut(task);
  const { opened, name, video, share } = task;
  const handedOver = partName(task, part);
  if (await context.handover.find(handedOver)) return;
  if (await context.isMade({ source: opened, output: name, ext: video.container })) return;

  context.progress("analysis", share.from);
  const record = await context.probe(opened);
  refuseUnseekable(opened, record);
  const companions = await openCompanions(context, opened, { video, record });
  const rendition = partOf(planRendition(record, video, { companions }), part);
  for (const warning of rendition.warnings) context.warn({ ...warning, ...subjectOf(task) });

  const tell = tellOf(context, task, [
    { name: "analysis", seconds: 0.2 },
    { name: "video", seconds: renditionSeconds(rendition, context.limits.cpu) },
    { name: "verify", seconds: verifyingSeconds(rendition, context.limits.cpu) },
  ]);
  const staged = join(context.stagingDir, `${name}-${context.unit.attempt}.${partContainer(video)}`);
  const encode = new Encode(context, rendition, {
    sourcePath: opened.path,
    targetPath: staged,
    tell,
    subject: subjectOf(task),
  });
  try {
    const report = await encode.ffmpeg(
      "video",
      partArguments(rendition, {
        sourcePath: opened.path,
        targetPath: staged,
        threads: encode.limits.threads,
        seekSeconds: Math.max(0, part.startSeconds - LEAD_SECONDS),
      }),
    );
    tell("verify", 0);
    const damage = damageOf(report);
    if (damage) context.warn({ ...damage, ...subjectOf(task) });
    // Nothing may be shown for longer than a part lasts; that is told by a part without bytes.
    if (report.progress?.frames === 0) await truncate(staged, 0);
    else await verifyPart(staged, rendition, { sourcePath: opened.path, report, encode });
    await context.handover.leave(staged, handedOver);
    context.record({
      ...subjectOf(task),
      arguments: report.arguments,
      part,
      frames: report.progress?.frames,
    });
  } finally {
    await rm(staged, { force: true });
  }
}

/** The rendition of which only a window's pictures are made. */
function partOf(rendition: Rendition, { startSeconds, endSeconds }: Part): Rendition {
  const last = endSeconds ?? rendition.expectedSeconds;
  return {
    ...rendition,
    work: {
      ...rendition.work,
      window: { startSeconds: startSeconds === 0 ? undefined : startSeconds, endSeconds },
    },
    tracks: [],
    subtitles: [],
    sound: undefined,
    soundCodec: "none",
    expectedSeconds: last === null ? null : Math.max(0, last - startSeconds),
    // The unit that joins tells them once for all parts.
    warnings: [],
  };
}

async function verifyPart(
  path: string,
  rendition: Rendition,
  { sourcePath, report, encode }: { sourcePath: string; report: FfmpegReport; encode: Encode },
): Promise<void> {
  const { frames = 0, outTimeSeconds = 0 } = report.progress ?? {};
  if ((await stat(path)).size === 0) throw new MediaFailure("VerificationFailed", "the part has no bytes");
  const record = await probe(path, encode.limits.signal, { firstFrame: false });
  const { frames: found = null, durationSeconds: lasts = null } = record.video[0] ?? {};
  const made = { seconds: lasts, frames: found };
  const differences = [
    ...pictureDifferences(record, rendition),
    ...(found === frames ? [] : [`it has ${found} frames but ${frames} were written`]),
    ...(await otherLength(made, rendition, { sourcePath, report, run: encode.limits })),
  ];
  if (differences.length > 0) {
    throw new MediaFailure(
      "VerificationFailed",
      `the part is not what was decided: ${differences.join("; ")}`,
    );
  }
  const seconds = outTimeSeconds - (rendition.work.window?.startSeconds ?? 0);
  await decodeSample(path, { output: rendition.output, seconds, run: encode.limits });
}
