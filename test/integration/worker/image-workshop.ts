import { aUnit, from, runWorker, type WorkerRun, type WorkerVolume } from "../../worker/run-worker.ts";

/** Pictures made by the worker program, each output by its name. */

/** An image output, of PNG unless the fields say otherwise. */
export const image = (name: string, fields: object) => ({ name, image: { format: "png", ...fields } });

export type PictureRun = WorkerRun & { file(source: string, output: string): string };
export type PictureMaker = (
  directory: string,
  sources: Record<string, string>,
  outputs: object[],
) => Promise<PictureRun>;

/** Runs one unit into a directory of its own; answers with the path of an output's file. */
export function pictureMaker(volume: WorkerVolume): PictureMaker {
  return async (directory, sources, outputs) => {
    const unit = aUnit({
      family: "image",
      name: directory,
      sources: from(sources),
      outputs,
      destination: {
        volume: { claimName: "media", path: directory },
        template: "{source}/{output}.{ext}",
        onConflict: "Overwrite",
      },
    });
    const run = await runWorker(unit, volume);
    return {
      ...run,
      file(source, output) {
        const path = run.files.find((each) => each.startsWith(`${directory}/${source}/${output}.`));
        if (!path)
          throw new Error(`${output} of ${source} was not made: ${JSON.stringify(run.result.failures)}`);
        return volume.path(path);
      },
    };
  };
}
