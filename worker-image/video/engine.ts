import { sharedDecodeKey } from "../../crds/outputs/shared-decode.ts";
import type { Source } from "../../crds/source.ts";
import { isHardwareCodec } from "../../crds/unit.ts";
import type { Engine, EngineContext, OpenedSource } from "../engine.ts";
import { ffmpegLimits } from "./ffmpeg.ts";
import { ffmpegVersions } from "./ffmpeg-versions.ts";
import { checkHardware } from "./hardware/hardware-check.ts";
import { joinParts } from "./join.ts";
import { makePart } from "./part.ts";
import { failed, subjectOf, type Task } from "./task.ts";
import { makeTogether } from "./together.ts";
import { makeWhole } from "./whole.ts";

/**
 * Makes video files: probe, decide, measure, encode, verify, publish; whole, or a part of one, or one of parts. It
 * never decides what is in a file.
 */
export const videoEngine: Engine = {
  versions: ffmpegVersions,
  async run(context) {
    const outputs = context.unit.outputs.flatMap(({ name, video }) => (video ? [{ name, video }] : []));
    const total = context.unit.sources.length * outputs.length;
    await checkEncoder(context);
    let done = 0;
    for (const source of context.unit.sources) {
      for (const group of groupsOf(outputs, context)) {
        const share = { from: done / total, width: group.length / total };
        await makeGroup(context, source, { group, share });
        done += group.length;
        context.progress("video", done / total, { outputsDone: done, outputsTotal: total });
      }
    }
  },
};

type Wanted = Pick<Task, "name" | "video">;

/** Outputs that are made from one decode, and all others by themselves: the plan has brought them together for that. */
function groupsOf(outputs: readonly Wanted[], { unit, limits }: EngineContext): Wanted[][] {
  const groups = new Map<string, Wanted[]>();
  for (const output of outputs) {
    const alone = unit.part ?? unit.join ?? limits.encoder; // a device takes few sessions at once
    const key = (alone ? undefined : sharedDecodeKey(output.video)) ?? `alone ${output.name}`;
    groups.set(key, [...(groups.get(key) ?? []), output]);
  }
  return [...groups.values()];
}

/** The hardware the unit has been given, for each codec it is wanted for, before anything long starts. */
async function checkEncoder(context: EngineContext): Promise<void> {
  const { encoder } = context.limits;
  if (!encoder || context.unit.part || context.unit.join) return; // parts of two encoders would not join
  const codecs = context.unit.outputs.map(({ video }) => video?.codec).filter((codec) => codec !== undefined);
  for (const codec of new Set(codecs.filter(isHardwareCodec))) {
    await checkHardware(encoder, codec, ffmpegLimits(context));
  }
}

async function makeGroup(
  context: EngineContext,
  source: Source,
  { group, share }: { group: readonly Wanted[]; share: Task["share"] },
): Promise<void> {
  let opened: OpenedSource;
  try {
    opened = await context.openSource(source);
  } catch (error) {
    for (const { name } of group) failed(context, { source: source.name, output: name }, error);
    return;
  }
  const [task, ...others] = group.map((output): Task => ({ opened, share, ...output }));
  if (!task) return;
  if (others.length > 0) return makeTogether(context, opened, [task, ...others]);
  await make(context, task).catch((error: unknown) => failed(context, subjectOf(task), error));
}

/** What the unit asks for of one source and output. */
function make(context: EngineContext, task: Task): Promise<void> {
  const { part, join: joined } = context.unit;
  if (part) return makePart(context, task, part);
  if (joined) return joinParts(context, task, joined.parts);
  return makeWhole(context, task);
}
