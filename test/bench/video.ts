import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeVolume } from "../worker/run-worker.ts";
import { load, type Measurement, report } from "./report.ts";
import type { Bench } from "./video/bench.ts";
import { measureParts } from "./video/parts.ts";
import { measureRendition } from "./video/rendition.ts";
import { measureThumbnails } from "./video/thumbnails.ts";
import { measureTogether } from "./video/together.ts";

/**
 * `npm run bench:video`: the bundled worker beside the raw ffmpeg command with the very same arguments, interleaved
 * in one run, medians. Wall time of the worker begins with the start of its process; CPU is that of all processes.
 *
 *   node test/bench/video.ts [--only rendition,thumbnails,parts,together] [--runs 3] [--seconds 60]
 */

const WORKLOADS = {
  rendition: measureRendition,
  thumbnails: measureThumbnails,
  parts: measureParts,
  together: measureTogether,
};

const { values } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(WORKLOADS).join() },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "60" },
  },
});

const loadBefore = load();
execFileSync(process.execPath, [resolve(import.meta.dirname, "../../build.config.ts"), "worker"], {
  stdio: "ignore",
});
const volume = await makeVolume();
const bench: Bench = { volume, runs: Number(values.runs), seconds: Number(values.seconds) };
const measurements: Measurement[] = [];
try {
  for (const [name, measure] of Object.entries(WORKLOADS)) {
    if (values.only.split(",").includes(name)) measurements.push(...(await measure(bench)));
  }
} finally {
  await volume.remove();
}
report("video", measurements, { loadBefore });
