import { rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { probe } from "../probe/probe.ts";
import type { MediaRecord } from "../probe/record.ts";
import { WorkFailure } from "../work-failure.ts";
import { joinArguments } from "./arguments.ts";
import { Encode } from "./encode.ts";
import { finish } from "./finish.ts";
import { partName, refuseWhatMayNotBeCut } from "./part.ts";
import { measuringSeconds, PUBLISHING_SECONDS, verifyingSeconds } from "./progress/stage-seconds.ts";
import { planRendition, type Rendition } from "./rendition.ts";
import { productOf, subjectOf, type Task, tellOf } from "./task.ts";
import { perSecond } from "./time/timing.ts";

/**
 * Joins the parts of a long video without encoding them again, and makes from the source what no part has: the
 * sound, whole, the subtitles, chapters and timecode. What comes out is what one run would have made.
 */
export async function joinParts(context: EngineContext, task: Task, count: number): Promise<void> {
  refuseWhatMayNotBeCut(task);
  const { opened, name, video, share } = task;
  const names = Array.from({ length: count }, (_, index) => partName(task, { index, count }));
  if (await context.findMade(productOf(task))) return await context.handover.remove(names);

  context.progress("analysis", share.from);
  const record = await context.probe(opened);
  const rendition = planRendition(record, video, { encoder: context.limits.encoder, inParts: true });
  for (const warning of rendition.warnings) context.warn({ ...warning, ...subjectOf(task) });
  const parts = await readParts(context, names);
  const seam = seamDifferences(parts, rendition);
  if (seam.length > 0) {
    throw new MediaFailure("VerificationFailed", `the parts do not join: ${seam.join("; ")}`);
  }

  const mediaSeconds = rendition.expectedSeconds ?? 60;
  const tell = tellOf(context, task, [
    { name: "analysis", seconds: 0.2 },
    { name: "loudness", seconds: measuringSeconds(rendition) },
    { name: "join", seconds: 0.2 + (mediaSeconds / 60) * rendition.tracks.length },
    { name: "verify", seconds: verifyingSeconds(rendition, context.limits.cpu) },
    { name: "publish", seconds: PUBLISHING_SECONDS },
  ]);
  const stem = join(context.stagingDir, `${name}-${context.unit.attempt}`);
  const [staged, listPath] = [`${stem}.${video.container}`, `${stem}.ffconcat`];
  const encode = new Encode(context, rendition, {
    sourcePath: opened.path,
    targetPath: staged,
    tell,
    subject: subjectOf(task),
  });
  try {
    await writeFile(listPath, listOf(parts));
    const files = {
      sourcePath: opened.path,
      targetPath: staged,
      threads: encode.limits.threads,
      listPath,
      offsetSeconds: parts[0]?.startSeconds ?? 0,
    };
    const loudness = await encode.measureLoudness();
    encode.tellUnmeasured(loudness);
    const report = await encode.ffmpeg("join", joinArguments(rendition, files, loudness));
    const frames = parts.reduce((sum, part) => sum + part.frames, 0);
    if (report.progress?.frames !== frames) {
      throw new MediaFailure(
        "VerificationFailed",
        `the parts have ${frames} frames together, but ${report.progress?.frames} were joined`,
        report.log,
      );
    }
    await finish(context, task, {
      staged: { path: staged, rendition, source: record, report, isJoined: true },
      limits: encode.limits,
      tell,
      record: { parts },
    });
    await context.handover.remove(names);
  } finally {
    await rm(staged, { force: true });
    await rm(listPath, { force: true });
  }
}

/** A part that holds frames. Times are seconds of the source. */
export interface MadePart {
  path: string;
  startSeconds: number;
  endSeconds: number;
  frames: number;
  /** What a decoder has to be set up for. */
  stream: string;
}

/** @throws WorkFailure PartMissing; VerificationFailed when no part holds anything. */
export async function readParts(context: EngineContext, names: readonly string[]): Promise<MadePart[]> {
  const parts: MadePart[] = [];
  for (const [index, name] of names.entries()) {
    const path = await context.handover.find(name);
    if (path === undefined) {
      throw new WorkFailure(
        "PartMissing",
        `part ${index} of ${names.length} is not at the destination; it was removed or its source has changed, and has to be made again`,
      );
    }
    if ((await stat(path)).size === 0) continue;
    parts.push(madePart(path, await probe(path, context.signal, { firstFrame: false })));
    if (parts.at(-1)?.stream !== parts[0]?.stream) {
      throw new MediaFailure(
        "VerificationFailed",
        `part ${index} is ${parts.at(-1)?.stream}, but the first one is ${parts[0]?.stream}: a decoder could not go on from one to the other`,
      );
    }
  }
  if (parts.length === 0) {
    throw new MediaFailure("SourceCorrupt", "no frame of the source could be decoded in any of its parts");
  }
  return parts;
}

function madePart(path: string, { video: [picture] }: MediaRecord): MadePart {
  const { startSeconds, durationSeconds, frames } = picture ?? {};
  if (typeof startSeconds !== "number" || typeof durationSeconds !== "number" || typeof frames !== "number") {
    throw new MediaFailure("VerificationFailed", `the part ${path} does not tell its times`);
  }
  const stream = [picture?.codec, picture?.profile, picture?.pixelFormat].join(" ");
  const size = `${picture?.storedWidth}×${picture?.storedHeight}`;
  return {
    path,
    startSeconds,
    endSeconds: startSeconds + durationSeconds,
    frames,
    stream: `${stream} ${size}`,
  };
}

/**
 * Where neighbours overlap, a frame is there twice; where they are apart although the source's frames are not, one
 * is lost. Only a steady rate tells how far apart frames have to be.
 */
export function seamDifferences(
  parts: readonly Pick<MadePart, "startSeconds" | "endSeconds" | "frames">[],
  { fps, work, picture }: Pick<Rendition, "fps" | "work" | "picture">,
): string[] {
  if (!fps) return [];
  const halfFrame = 0.5 / perSecond(fps);
  const frames = parts.reduce((sum, part) => sum + part.frames, 0);
  // A source may have gaps of its own; when no frame is missing from the whole, none is lost at a boundary.
  const complete = !work.fps && picture.frames !== null && frames >= picture.frames;
  return parts.slice(1).flatMap(({ startSeconds }, before) => {
    const gapSeconds = startSeconds - (parts[before]?.endSeconds ?? 0);
    if (gapSeconds < -halfFrame) return [`frames at ${startSeconds} s are there twice`];
    if (gapSeconds > halfFrame && !complete)
      return [`${gapSeconds.toFixed(3)} s before ${startSeconds} s are missing`];
    return [];
  });
}

/** ffconcat: each part lasts until the next one's first frame, to the microsecond; a part's own length may be rounded. */
export function listOf(parts: readonly MadePart[]): string {
  const entries = parts.map(({ path, startSeconds }, index) => {
    const next = parts[index + 1];
    return [
      `file 'file:${path.replaceAll("'", String.raw`'\''`)}'`,
      ...(next ? [`duration ${(next.startSeconds - startSeconds).toFixed(6)}`] : []),
    ].join("\n");
  });
  return `ffconcat version 1.0\n${entries.join("\n")}\n`;
}
