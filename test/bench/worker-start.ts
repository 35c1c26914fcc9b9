import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { aUnit, from, makeVolume, runWorker } from "../worker/run-worker.ts";

const PHOTO = resolve(import.meta.dirname, "../../examples/media/meadow.jpg");

/**
 * Milliseconds from the start of the bundled worker until its first report of progress is read from its pipe, of
 * each run. Node's compile cache is filled by a run before them, as it is when the image is built.
 */
export async function workerStarts(runs: number): Promise<number[]> {
  const volume = await makeVolume();
  try {
    await volume.put("in/photo.jpg", await readFile(PHOTO));
    const unit = aUnit({
      family: "image",
      sources: from({ photo: "in/photo.jpg" }),
      outputs: [{ name: "thumb", image: { format: "webp", width: 320, height: 320, fit: "cover" } }],
    });
    const times: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const startedAt = performance.now(); // before the unit file is written, which takes a millisecond
      const { exitCode, log } = await runWorker(unit, volume, {
        environment: { NODE_ENV: "production", NODE_COMPILE_CACHE: join(volume.root, "compile-cache") },
        during: async ({ firstProgress }) => {
          await firstProgress;
          times.push(performance.now() - startedAt);
        },
      });
      if (exitCode !== 0) throw new Error(`the worker ended with ${exitCode}: ${log}`);
    }
    return times.slice(1);
  } finally {
    await volume.remove();
  }
}
