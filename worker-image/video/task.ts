import type { VideoOutput } from "../../crds/outputs/video.ts";
import type { EngineContext, OpenedSource } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type { MediaRecord } from "../probe/record.ts";
import { type Stage, stageProgress } from "./progress/stages.ts";

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

export const productOf = ({ opened, name, video }: Task) => ({
  source: opened,
  output: name,
  ext: video.container,
});

/** Counts an output as failed, in words that name the source; others may go on. What ffmpeg logged is kept. */
export function failed(
  context: EngineContext,
  subject: { source: string; output: string },
  error: unknown,
): void {
  context.signal.throwIfAborted();
  if (!(error instanceof MediaFailure)) {
    context.fail(error, subject);
    return;
  }
  const { reason, message, log } = error;
  if (log.length > 0) context.record({ ...subject, log });
  context.fail(new MediaFailure(reason, `source ${subject.source}: ${message}`, log), subject);
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
