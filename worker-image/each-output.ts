import type { Family, Output } from "../crds/outputs/output.ts";
import type { EngineContext, OpenedSource, ProgressExtra } from "./engine.ts";
import { MediaFailure } from "./probe/media-failure.ts";

/** One output of one source. */
export interface OutputTask<Wish> {
  opened: OpenedSource;
  /** Of the output. */
  name: string;
  wish: Wish;
  /** Tells how far this output is; its share of the unit's progress is as large as that of any other. */
  tell: (stage: string, fraction: number, extra?: ProgressExtra) => void;
}

/**
 * Makes the outputs of one family, each from each source of the unit, one after another. What goes wrong with one is
 * told of it, in words that name its source, and costs no other; only the end of the attempt is thrown.
 *
 * @param stage what progress is told to be at when an output is done
 */
export async function eachOutput<F extends Family>(
  context: EngineContext,
  { family, stage = family }: { family: F; stage?: string },
  make: (task: OutputTask<NonNullable<Output[F]>>) => Promise<void>,
): Promise<void> {
  const { sources, outputs } = context.unit;
  const work = sources.flatMap((source) =>
    outputs.flatMap(({ name, [family]: wish }) => (wish ? [{ source, name, wish }] : [])),
  );
  for (const [index, { source, name, wish }] of work.entries()) {
    const told = (done: number) => ({ outputsDone: done, outputsTotal: work.length });
    const tell: OutputTask<unknown>["tell"] = (stage, fraction, extra) =>
      context.progress(stage, (index + fraction) / work.length, { ...told(index), ...extra });
    try {
      await make({ opened: await context.openSource(source), name, wish, tell });
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof MediaFailure) error.message = `source ${source.name}: ${error.message}`;
      context.fail(error, { source: source.name, output: name });
    }
    context.progress(stage, (index + 1) / work.length, told(index + 1));
  }
}
