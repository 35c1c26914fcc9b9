import { rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { StreamOutput } from "../../crds/outputs/stream.ts";
import type { EngineContext, OpenedSource } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { fingerprintOf } from "../storage/fingerprint.ts";
import { type FfmpegLimits, runFfmpeg } from "../video/ffmpeg.ts";
import { type MadePart, readParts, seamDifferences } from "../video/join.ts";
import { LEAD_SECONDS, type Part, refuseUnseekable } from "../video/part.ts";
import { stageProgress } from "../video/progress/stages.ts";
import { damageOf } from "../video/verify.ts";
import { partArguments } from "./arguments.ts";
import { decodePictures } from "./decode.ts";
import { type Presentation, planPresentation, renditionsSeconds, verifyingSeconds } from "./presentation.ts";
import { refuseOtherPicture } from "./verify.ts";

/**
 * Makes one part of a long stream: the pictures of every rung in a window of the source's time, out of one decode. No
 * sound and no manifest: the unit that joins makes those from the whole.
 */

/** Of each rung. Made of what decides the pixels, so that no part of other bytes or another wish is ever taken. */
function partNames(
  {
    opened,
    stream,
    presentation,
  }: { opened: OpenedSource; stream: StreamOutput; presentation: Presentation },
  { index, count }: Pick<Part, "index" | "count">,
): string[] {
  const key = fingerprintOf(opened.source.name, opened.identity, stream).slice(0, 24);
  return presentation.rungs.map(({ name }) => `${key}-${index}-of-${count}-${name}.mp4`);
}

export async function makePart(
  context: EngineContext,
  task: {
    opened: OpenedSource;
    name: string;
    stream: StreamOutput;
    limits: FfmpegLimits;
    tell: (stage: string, fraction: number, extra?: { mediaSeconds: number }) => void;
  },
  part: Part,
): Promise<void> {
  const { opened, name, stream, limits, tell } = task;
  tell("analysis", 0);
  const record = await context.probe(opened);
  refuseUnseekable(opened, record);
  const presentation = partOf(planPresentation(record, stream), part);
  const names = partNames({ opened, stream, presentation }, part);
  const found = await Promise.all(names.map((each) => context.handover.find(each)));
  if (!found.includes(undefined)) return;

  const staged = presentation.rungs.map((rung) =>
    join(context.stagingDir, `${name}-${context.unit.attempt}-${rung.name}.mp4`),
  );
  try {
    const { expectedSeconds } = presentation;
    const progress = stageProgress([
      { name: "stream", seconds: renditionsSeconds(presentation, context.limits.cpu) },
      { name: "verify", seconds: verifyingSeconds(presentation, context.limits.cpu) },
    ]);
    const told = (stage: string, share: number, extra?: { mediaSeconds: number }) =>
      tell(stage, progress.at(stage, share).fraction, extra);
    const report = await runFfmpeg({
      ...limits,
      arguments: partArguments(presentation, {
        sourcePath: opened.path,
        threads: limits.threads,
        videoPaths: staged,
        seekSeconds: Math.max(0, part.startSeconds - LEAD_SECONDS),
      }),
      onProgress: ({ outTimeSeconds }) =>
        told("stream", expectedSeconds ? (outTimeSeconds - part.startSeconds) / expectedSeconds : 0, {
          mediaSeconds: outTimeSeconds,
        }),
    });
    told("verify", 0);
    const damage = damageOf(report);
    if (damage) context.warn({ ...damage, source: opened.source.name, output: name });
    const frames = report.progress?.frames ?? 0;
    // Nothing may be shown for longer than a part lasts; that is told by parts without bytes.
    if (frames === 0) for (const path of staged) await truncate(path, 0);
    else
      await verifyPart(staged, { presentation, frames, limits, onDecoded: (share) => told("verify", share) });
    for (const [at, path] of staged.entries()) await context.handover.leave(path, names[at] ?? "");
    context.record({ source: opened.source.name, output: name, arguments: report.arguments, part, frames });
  } finally {
    for (const path of staged) await rm(path, { force: true });
  }
}

/** The presentation of which only a window's pictures are made. */
function partOf(presentation: Presentation, { startSeconds, endSeconds }: Part): Presentation {
  const { top, expectedSeconds } = presentation;
  const last = endSeconds ?? expectedSeconds;
  const window = { startSeconds: startSeconds === 0 ? undefined : startSeconds, endSeconds };
  return {
    ...presentation,
    top: { ...top, work: { ...top.work, window } },
    sounds: [],
    subtitles: [],
    thumbnails: undefined,
    expectedSeconds: last === null ? null : Math.max(0, last - startSeconds),
    // The unit that joins tells them once for all parts.
    warnings: [],
  };
}

async function verifyPart(
  paths: readonly string[],
  work: {
    presentation: Presentation;
    frames: number;
    limits: FfmpegLimits;
    onDecoded: (share: number) => void;
  },
): Promise<void> {
  const { presentation, frames, limits, onDecoded } = work;
  const files = await Promise.all(
    presentation.rungs.map(async (rung, at) => {
      const path = paths[at] ?? "";
      if ((await stat(path)).size === 0)
        throw new MediaFailure("VerificationFailed", "the part has no bytes");
      const picture = await refuseOtherPicture(path, { rung, presentation, signal: limits.signal });
      if (picture.frames !== frames) {
        throw new MediaFailure(
          "VerificationFailed",
          `the part has ${picture.frames} frames in ${rung.name}, but ${frames} were written`,
        );
      }
      return { path, seconds: picture.durationSeconds ?? 0, frames };
    }),
  );
  await decodePictures(files, { ...limits, verify: presentation.output.verify, onDecoded });
}

/** The parts of each rung, in their order. @throws WorkFailure PartMissing; MediaFailure VerificationFailed. */
export async function findParts(
  context: EngineContext,
  task: { opened: OpenedSource; stream: StreamOutput; presentation: Presentation },
  count: number,
): Promise<{ names: string[]; rungs: MadePart[][] }> {
  const { presentation } = task;
  const byPart = Array.from({ length: count }, (_, index) => partNames(task, { index, count }));
  const rungs: MadePart[][] = [];
  for (const [at, rung] of presentation.rungs.entries()) {
    const parts = await readParts(
      context,
      byPart.map((names) => names[at] ?? ""),
    );
    const seam = seamDifferences(parts, presentation.top);
    if (seam.length > 0) {
      throw new MediaFailure(
        "VerificationFailed",
        `the parts of ${rung.name} do not join: ${seam.join("; ")}`,
      );
    }
    rungs.push(parts);
  }
  return { names: byPart.flat(), rungs };
}
