import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeVolume } from "../worker/run-worker.ts";
import { load, type Measurement, Report } from "./report.ts";
import type { Bench } from "./video/bench.ts";
import { LADDERS, measureLadder } from "./video/ladder.ts";
import { measureParts } from "./video/parts.ts";
import { measureRendition } from "./video/rendition.ts";
import { measureThumbnails } from "./video/thumbnails.ts";
import { measureTogether } from "./video/together.ts";

/**
 * `npm run bench:video`: the bundled worker beside what people do by hand: the raw ffmpeg command with the very same
 * arguments, or the commands that a stream takes. Contenders are interleaved in one run, and medians are told. Wall
 * time of the worker begins with the start of its process; CPU is that of all processes.
 *
 *   node test/bench/video.ts [--only rendition,thumbnails,…] [--runs 3] [--seconds 60]
 *
 * After every round what is known so far is printed and written; a slice has a file of its own.
 */

const WORKLOADS: Record<string, (bench: Bench) => AsyncIterable<Measurement[]>> = {
  rendition: measureRendition,
  thumbnails: measureThumbnails,
  parts: measureParts,
  together: measureTogether,
  ...Object.fromEntries(
    Object.entries(LADDERS).map(([name, ladder]) => [name, (bench) => measureLadder(ladder, bench)]),
  ),
};

const { values } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(WORKLOADS).join() },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "60" },
  },
});
const wanted = values.only.split(",");
const unknown = wanted.filter((name) => !(name in WORKLOADS));
if (unknown.length > 0)
  throw new Error(`--only takes ${Object.keys(WORKLOADS).join(", ")}, and not ${unknown.join(", ")}`);

const isWhole = Object.keys(WORKLOADS).every((name) => wanted.includes(name));
const report = new Report(isWhole ? "video" : `video-${wanted.join("-")}`, { loadBefore: load() });
execFileSync(process.execPath, [resolve(import.meta.dirname, "../../build.config.ts"), "worker"], {
  stdio: "ignore",
});
for (const name of wanted) {
  const volume = await makeVolume();
  try {
    const bench: Bench = { volume, runs: Number(values.runs), seconds: Number(values.seconds) };
    for await (const measurements of WORKLOADS[name]?.(bench) ?? []) {
      report.keep(name, measurements);
      console.error(
        `${name}, load ${load()[0]}: ${measurements.map(({ value, runs }) => (runs?.at(-1) ?? value).toPrecision(3)).join(" ")}`,
      );
    }
  } finally {
    await volume.remove();
  }
}
report.end();
