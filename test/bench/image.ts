import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeVolume } from "../worker/run-worker.ts";
import type { Bench } from "./image/bench.ts";
import { measureCreep } from "./image/creep.ts";
import { measureRun } from "./image/mediajob-run.ts";
import { findPrograms } from "./image/programs.ts";
import { measureWorkload } from "./image/workload.ts";
import { workloads } from "./image/workloads.ts";
import { load, type Measurement, report } from "./report.ts";

/**
 * `npm run bench:image`: the bundled worker against bare sharp and against other people's programs, on the same files
 * with the same settings, interleaved in one run, medians. Contenders that make all files in one process are timed
 * without its start: Pillow and bare sharp from the first file on, the worker from when its engine is loaded and the
 * destination open until its outputs are settled. vipsthumbnail and ImageMagick start once a file, as they are used.
 *
 *   node test/bench/image.ts [--workload photos,sets,avif,large,run,creep] [--against sharp,Pillow] [--runs 5]
 *                            [--files 200]
 *
 * The whole takes about half an hour. Parts of it: workloads by name, contenders by a part of their names, or another
 * number of files in each workload than its own.
 */

const { values } = parseArgs({
  options: {
    workload: { type: "string", default: "photos,sets,avif,large,run,creep" },
    against: { type: "string", default: "" },
    runs: { type: "string", default: "5" },
    files: { type: "string" },
  },
});

const loadBefore = load();
execFileSync(
  process.execPath,
  [resolve(import.meta.dirname, "../../build.config.ts"), "worker", "mediajob"],
  {
    stdio: "ignore",
  },
);
const volume = await makeVolume();
const bench: Bench = {
  volume,
  programs: findPrograms(),
  runs: Number(values.runs),
  files: values.files === undefined ? undefined : Number(values.files),
  against: values.against.split(","),
};
const measures: Record<string, () => Promise<Measurement[]>> = {
  ...Object.fromEntries(
    workloads(bench).map((workload) => [workload.name, () => measureWorkload(workload, bench)]),
  ),
  run: () => measureRun(bench),
  creep: () => measureCreep(bench),
};
const measurements: Measurement[] = [];
try {
  for (const name of values.workload.split(",")) {
    const measure = measures[name];
    if (!measure)
      throw new Error(`no workload is named ${name}; there are ${Object.keys(measures).join(", ")}`);
    measurements.push(...(await measure()));
  }
} finally {
  await volume.remove();
}
report("image", measurements, {
  loadBefore,
  notes: ["Ratios are to the worker's time: above 1, the worker is faster."],
});
