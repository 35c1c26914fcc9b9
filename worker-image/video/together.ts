import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { FailureReason } from "../../crds/failures.ts";
import type { EngineContext, OpenedSource } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type { MediaRecord } from "../probe/record.ts";
import { Encode } from "./encode.ts";
import { type FfmpegReport, ffmpegLimits } from "./ffmpeg.ts";
import { finish } from "./finish.ts";
import {
  encodingSeconds,
  measuringSeconds,
  PUBLISHING_SECONDS,
  readingSeconds,
  verifyingSeconds,
} from "./progress/stage-seconds.ts";
import type { Stage } from "./progress/stages.ts";
import { planRendition, type Rendition } from "./rendition.ts";
import { type SharedOutput, sharedArguments } from "./shared-arguments.ts";
import { failed, productOf, subjectOf, type Task, type Tell, tellOf } from "./task.ts";
import { makeWhole } from "./whole.ts";

/**
 * Makes several outputs of one source from one decode of it. What is wrong with one of them costs no other; what is
 * wrong with the source costs all that are not there yet.
 */
export async function makeTogether(
  context: EngineContext,
  opened: OpenedSource,
  tasks: readonly [Task, ...Task[]],
): Promise<void> {
  const missing: Task[] = [];
  for (const task of tasks) {
    const found = await forAll(context, [task], async () => ({
      made: await context.findMade(productOf(task)),
    }));
    if (found && !found.made) missing.push(task);
  }
  if (missing.length === 0) return;

  context.progress("analysis", tasks[0].share.from);
  const record = await forAll(context, missing, () => context.probe(opened));
  if (!record) return;
  const made: Made[] = [];
  for (const task of missing) {
    const decided = await forAll(context, [task], () => decide(context, task, record));
    if (decided) made.push(decided);
  }
  const [first, ...others] = made;
  if (!first) return;

  const tell = tellOf(context, first.task, stagesOf(made, context.limits.cpu));
  try {
    const report = await forAll(context, made.map(taskOf), () =>
      encode(context, [first, ...others], tell).catch((error: unknown) => {
        if (mayBeOfOne(error)) return "Apart" as const;
        throw error;
      }),
    );
    if (report === "Apart") {
      for (const { task } of made) await forAll(context, [task], () => makeWhole(context, task));
    }
    if (!report || report === "Apart") return;
    const limits = ffmpegLimits(context);
    for (const { task, rendition, path } of made) {
      const staged = { path, rendition, source: record, report };
      await forAll(context, [task], () => finish(context, task, { staged, limits, tell }));
    }
  } finally {
    await Promise.all(made.map(({ path }) => rm(path, { force: true })));
  }
}

/** Reasons that lie with an encoder or a container, and so perhaps with one output alone: each is then made by itself. */
const OF_ONE: readonly FailureReason[] = ["EncoderMissing", "InvalidOutputSpec", "EngineFailed"];

const mayBeOfOne = (error: unknown): boolean =>
  error instanceof MediaFailure && OF_ONE.includes(error.reason);

/** One output that can be made: what was decided about it, and the file it is written to. */
interface Made {
  task: Task;
  rendition: Rendition;
  path: string;
}

const taskOf = ({ task }: Made): Task => task;

/** Work that these outputs depend on. When it fails, all of them have, and undefined comes back. */
async function forAll<Result>(
  context: EngineContext,
  tasks: readonly Task[],
  work: () => Result | Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    for (const task of tasks) failed(context, subjectOf(task), error);
    return undefined;
  }
}

function decide(context: EngineContext, task: Task, record: MediaRecord): Made {
  const { name, video } = task;
  const rendition = planRendition(record, video);
  for (const warning of rendition.warnings) context.warn({ ...warning, ...subjectOf(task) });
  const path = join(context.stagingDir, `${name}-${context.unit.attempt}.${video.container}`);
  return { task, rendition, path };
}

async function encode(
  context: EngineContext,
  made: readonly [Made, ...Made[]],
  tell: Tell,
): Promise<FfmpegReport> {
  const [first, ...others] = made;
  const sourcePath = first.task.opened.path;
  const runOf = ({ task, rendition, path }: Made) =>
    new Encode(context, rendition, { sourcePath, targetPath: path, tell, subject: subjectOf(task) });
  // outputs that want the same sound have the same loudness
  const known = new Map<string, SharedOutput["loudness"]>();
  const measured = async (each: Made): Promise<SharedOutput> => {
    const wish = JSON.stringify(each.rendition.sound ?? null);
    const loudness = known.get(wish) ?? (await runOf(each).measureLoudness());
    known.set(wish, loudness);
    runOf(each).tellUnmeasured(loudness);
    return { rendition: each.rendition, targetPath: each.path, loudness };
  };
  const outputs: [SharedOutput, ...SharedOutput[]] = [await measured(first)];
  for (const each of others) outputs.push(await measured(each));
  const { threads } = ffmpegLimits(context);
  return await runOf(first).ffmpeg("video", sharedArguments(outputs, { sourcePath, threads }));
}

function stagesOf(made: readonly Made[], cpu: number): Stage[] {
  const [first] = made;
  const sum = (secondsOf: (rendition: Rendition, cpu: number) => number) =>
    made.reduce((total, { rendition }) => total + secondsOf(rendition, cpu), 0);
  return [
    { name: "analysis", seconds: 0.2 },
    { name: "loudness", seconds: sum(measuringSeconds) },
    { name: "video", seconds: (first ? readingSeconds(first.rendition, cpu) : 0) + sum(encodingSeconds) },
    { name: "verify", seconds: sum(verifyingSeconds) },
    { name: "publish", seconds: PUBLISHING_SECONDS },
  ];
}
