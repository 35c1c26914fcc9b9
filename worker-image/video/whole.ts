import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../engine.ts";
import { withSoundBitrates } from "../probe/measured-bitrate.ts";
import type { MediaRecord } from "../probe/record.ts";
import { openCompanions } from "./companions.ts";
import { Encode, takesTwoPasses } from "./encode.ts";
import { finish } from "./finish.ts";
import {
  measuringSeconds,
  PUBLISHING_SECONDS,
  renditionSeconds,
  verifyingSeconds,
} from "./progress/stage-seconds.ts";
import type { Stage } from "./progress/stages.ts";
import { planRendition, type Rendition } from "./rendition.ts";
import { productOf, subjectOf, type Task, tellOf } from "./task.ts";

/** Makes one output of one source in one piece: probe, decide, measure, encode, verify, publish. */
export async function makeWhole(context: EngineContext, task: Task): Promise<void> {
  const { opened, name, video, share } = task;
  if (await context.findMade(productOf(task))) return;

  context.progress("analysis", share.from);
  const record = await lookAt(context, task);
  const companions = await openCompanions(context, opened, { video, record });
  const rendition = planRendition(record, video, { encoder: context.limits.encoder, companions });
  for (const warning of rendition.warnings) context.warn({ ...warning, ...subjectOf(task) });

  const tell = tellOf(context, task, stagesOf(rendition, context.limits.cpu));
  const stagedPath = join(context.stagingDir, `${name}-${context.unit.attempt}.${video.container}`);
  const encode = new Encode(context, rendition, {
    sourcePath: opened.path,
    targetPath: stagedPath,
    tell,
    subject: subjectOf(task),
  });
  try {
    const report = await encode.run();
    await finish(context, task, {
      staged: { path: stagedPath, rendition, source: record, report },
      limits: encode.limits,
      tell,
    });
  } finally {
    await rm(stagedPath, { force: true });
  }
}

/** Beside sound that is copied, what is left of a size is known only where the sound tells its bitrate. */
async function lookAt(context: EngineContext, { opened, video }: Task): Promise<MediaRecord> {
  const record = await context.probe(opened);
  const isWeighed = video.targetBytes !== undefined && video.audio.codec === "copy";
  return isWeighed ? await withSoundBitrates(record, opened.path, context.signal) : record;
}

function stagesOf(rendition: Rendition, cpu: number): Stage[] {
  const seconds = renditionSeconds(rendition, cpu);
  return [
    { name: "analysis", seconds: 0.2 },
    { name: "loudness", seconds: measuringSeconds(rendition) },
    ...(takesTwoPasses(rendition) ? [{ name: "first pass", seconds: seconds * 0.6 }] : []),
    { name: "video", seconds },
    { name: "verify", seconds: verifyingSeconds(rendition, cpu) },
    { name: "publish", seconds: PUBLISHING_SECONDS },
  ];
}
