import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Engine, EngineContext } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { probe } from "../probe/probe.ts";
import { openCompanions } from "./companions.ts";
import { Encode, isTwoPass } from "./encode.ts";
import { ffmpegLimits } from "./ffmpeg.ts";
import { ffmpegVersions } from "./ffmpeg-versions.ts";
import { finish } from "./finish.ts";
import { isHardwareCodec } from "./hardware.ts";
import { checkHardware } from "./hardware-check.ts";
import { joinParts } from "./join.ts";
import { makePart } from "./part.ts";
import { planRendition, type Rendition } from "./rendition.ts";
import { measuringSeconds, renditionSeconds, type Stage, verifyingSeconds } from "./stages.ts";
import { subjectOf, type Task, tellOf, withLog } from "./task.ts";

/**
 * Makes video files: probe, decide, measure, encode, verify, publish; whole, or a part of one, or one of parts. It
 * never decides what is in a file.
 */
export const videoEngine: Engine = {
  versions: ffmpegVersions,
  async run(context) {
    const work = context.unit.sources.flatMap((source) =>
      context.unit.outputs.flatMap(({ name, video }) => (video ? [{ source, name, video }] : [])),
    );
    await checkEncoder(context);
    for (const [index, { source, name, video }] of work.entries()) {
      const share = { from: index / work.length, width: 1 / work.length };
      try {
        await make(context, { opened: await context.openSource(source), name, video, share });
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof MediaFailure) error.message = `source ${source.name}: ${error.message}`;
        context.fail(error, { source: source.name, output: name });
      }
      context.progress("video", share.from + share.width, {
        outputsDone: index + 1,
        outputsTotal: work.length,
      });
    }
  },
};

/** The hardware the unit has been given, for each codec it is wanted for, before anything long starts. */
async function checkEncoder(context: EngineContext): Promise<void> {
  const { encoder } = context.limits;
  if (!encoder || context.unit.part || context.unit.join) return; // parts of two encoders would not join
  const codecs = context.unit.outputs.map(({ video }) => video?.codec).filter((codec) => codec !== undefined);
  for (const codec of new Set(codecs.filter(isHardwareCodec))) {
    await checkHardware(encoder, codec, ffmpegLimits(context));
  }
}

/** What the unit asks for of each source and output. */
function make(context: EngineContext, task: Task): Promise<void> {
  const { part, join: joined } = context.unit;
  if (part) return makePart(context, task, part);
  if (joined) return joinParts(context, task, joined.parts);
  return makeRendition(context, task);
}

async function makeRendition(context: EngineContext, task: Task): Promise<void> {
  const { opened, name, video, share } = task;
  const product = { source: opened, output: name, ext: video.container };
  if (await context.findMade(product)) return;

  context.progress("analysis", share.from);
  const record = await probe(opened.path, context.signal);
  const companions = await openCompanions(context, opened, { video, record });
  const rendition = planRendition(record, video, { encoder: context.limits.encoder, companions });
  for (const warning of rendition.warnings) context.warn({ ...warning, ...subjectOf(task) });

  const tell = tellOf(context, task, stagesOf(rendition, context.limits.cpu));
  const stagedPath = join(context.stagingDir, `${name}-${context.unit.attempt}.${video.container}`);
  const encode = new Encode(context, rendition, { sourcePath: opened.path, targetPath: stagedPath, tell });
  try {
    const report = await encode.run();
    await finish(context, task, {
      staged: { path: stagedPath, rendition, source: record, report },
      limits: encode.limits,
      tell,
    });
  } catch (error) {
    throw withLog(context, task, error);
  } finally {
    await rm(stagedPath, { force: true });
  }
}

function stagesOf(rendition: Rendition, cpu: number): Stage[] {
  const seconds = renditionSeconds(rendition, cpu);
  return [
    { name: "analysis", seconds: 0.2 },
    { name: "loudness", seconds: measuringSeconds(rendition) },
    ...(isTwoPass(rendition) ? [{ name: "first pass", seconds: seconds * 0.6 }] : []),
    { name: "video", seconds },
    { name: "verify", seconds: verifyingSeconds(rendition, cpu) },
    { name: "publish", seconds: 0.1 },
  ];
}
