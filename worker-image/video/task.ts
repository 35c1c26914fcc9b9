import type { VideoOutput } from "../../crds/outputs/video.ts";
import type { EngineContext, OpenedSource } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type { MediaRecord } from "../probe/record.ts";
import { type Stage, stageProgress } from "./stages.ts";

/** One output of one source, and the part of the unit's progress that is its own. */
export interface Task {
  opened: OpenedSource;
  name: string;
  video: VideoOutput;
  share: { from: number; width: number };
}

/** Tells that a stage has done `fraction` of itself. */
export type Tell = (
  stage: string,
  fraction: number,
  extra?: { mediaSeconds: number; speed?: number },
) => void;

export function tellOf(context: EngineContext, { share }: Task, stages: readonly Stage[]): Tell {
  const progress = stageProgress(stages);
  return (stage, fraction, extra) => {
    const whole = progress.at(stage, fraction);
    context.progress(whole.stage, share.from + share.width * whole.fraction, extra);
  };
}

export const subjectOf = ({ opened, name }: Task) => ({ source: opened.source.name, output: name });

/** Keeps what ffmpeg logged of a failure for the manifest, and hands the failure on. */
export function withLog(context: EngineContext, task: Task, error: unknown): unknown {
  if (error instanceof MediaFailure && error.log.length > 0) {
    context.record({ ...subjectOf(task), log: error.log });
  }
  return error;
}

/** What is told of a finished file beside its name. */
export function factsOf({ video, durationSeconds }: MediaRecord, codec: string) {
  const picture = video[0];
  return {
    format: picture?.codec ?? codec,
    width: picture?.width ?? 0,
    height: picture?.height ?? 0,
    ...(durationSeconds !== null && { durationSeconds }),
  };
}
