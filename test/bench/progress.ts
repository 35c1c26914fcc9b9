/**
 * How true progress is: a unit of each family by the bundled worker, and the share of its time in which what a person
 * sees was near the true share of time. Progress that falls ends the benchmark.
 *
 *   node test/bench/progress.ts [--only image,audio,...] [--seconds 60] [--trace]
 *
 * `--trace` prints every message with the true share of time beside it.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ProgressMessage } from "../../crds/progress.ts";
import type { UnitFamily } from "../../crds/unit.ts";
import { aUnit, from, makeVolume, runWorker } from "../worker/run-worker.ts";
import { treeCpuSeconds } from "./process-usage.ts";
import { load, type Measurement, Report } from "./report.ts";
import { nearness } from "./video/nearness.ts";

const repository = resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    seconds: { type: "string", default: "60" },
    trace: { type: "boolean", default: false },
  },
});

const volume = await makeVolume();
mkdirSync(join(volume.root, "in"));
const clip = volume.path("in/clip.mp4");
// The clip of the examples over and over: real pictures, which cost as much as those of users.
const loops = ["-stream_loop", "-1", "-i", join(repository, "examples/media/walk.mp4")];
execFileSync("ffmpeg", ["-v", "error", "-nostdin", ...loops, "-t", values.seconds, "-c", "copy", clip]);
const photos = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`p${n}`, `in/p${n}.jpg`]));
for (const path of Object.values(photos))
  copyFileSync(join(repository, "examples/media/meadow.jpg"), volume.path(path));
const movie = from({ clip: "in/clip.mp4" });

const WORK: Partial<Record<UnitFamily, { sources: object[]; outputs: object[] }>> = {
  image: {
    sources: from(photos),
    outputs: [
      { name: "thumb", image: { format: "webp", width: 320 } },
      { name: "set", image: { format: "jpeg", formats: ["avif", "jpeg"], widths: [320] } },
    ],
  },
  metadata: {
    sources: [...from(photos).slice(0, 4), ...movie],
    outputs: [{ name: "facts", metadata: { detail: "Full", checksum: true } }],
  },
  audio: {
    sources: movie,
    outputs: [
      {
        name: "pod",
        audio: { codec: "mp3", loudness: { integratedLufs: -16 }, waveform: { json: true, png: true } },
      },
    ],
  },
  frames: {
    sources: movie,
    outputs: [{ name: "scrub", frames: { count: 100, layout: "Sprite", width: 160 } }],
  },
  scenes: {
    sources: movie,
    outputs: [
      { name: "scenes", frames: { sceneChanges: { threshold: 0.1 }, layout: "ContactSheet", width: 160 } },
    ],
  },
  video: { sources: movie, outputs: [{ name: "web", video: { height: 360, preset: "veryfast" } }] },
  stream: {
    sources: movie,
    outputs: [
      {
        name: "play",
        stream: {
          ladder: "Explicit",
          renditions: [360, 180].map((height) => ({ height, bitrateKbps: 800 })),
        },
      },
    ],
  },
} as Record<string, { sources: object[]; outputs: object[] }>;

const LIMITS = { cpu: 2, memoryBytes: 2 ** 31, scratchBytes: 2 ** 30, timeoutSeconds: 900 };

const loadBefore = load();
execFileSync(process.execPath, [join(repository, "build.config.ts"), "worker"], { stdio: "inherit" });
const told = new Report(values.only ? `progress-${values.only.replaceAll(",", "-")}` : "progress", {
  loadBefore,
});
for (const [name, work] of Object.entries(WORK)) {
  if (values.only && !values.only.split(",").includes(name)) continue;
  const heard: { seconds: number; cpuSeconds: number; message: ProgressMessage }[] = [];
  let pid = 0;
  const family = (name === "scenes" ? "frames" : name) as UnitFamily;
  const { exitCode, log } = await runWorker(aUnit({ family, ...work, limits: LIMITS }), volume, {
    during: (worker) => {
      pid = worker.pid;
    },
    onProgress: (message) => {
      // The last message comes when the worker is about to be gone.
      const cpuSeconds = treeCpuSeconds(pid) ?? heard.at(-1)?.cpuSeconds ?? 0;
      heard.push({ seconds: performance.now() / 1000, cpuSeconds, message });
    },
  });
  if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}: ${log}`);
  const { points, total } = since(heard.map(({ seconds, message: { fraction } }) => ({ seconds, fraction })));
  const worked = since(
    heard.map(({ cpuSeconds, message: { fraction } }) => ({ seconds: cpuSeconds, fraction })),
  );
  if (values.trace) {
    for (const [index, { seconds, fraction }] of points.entries())
      console.log(name, (seconds / total).toFixed(3), fraction.toFixed(3), heard[index]?.message.stage);
  }
  const measurements: Measurement[] = [
    {
      name: `${name}: within 5 points of the true share of time`,
      value: nearness(points, total),
      unit: "of it",
    },
    // What other programs on the machine take away is not what progress can know.
    {
      name: `${name}: within 5 points of the true share of processor time`,
      value: nearness(worked.points, worked.total),
      unit: "of it",
    },
    { name: `${name}: farthest from the true share of time`, value: farthest(points, total), unit: "of it" },
    { name: `${name}: took`, value: total, unit: "s" },
  ];
  told.keep(name, measurements);
}
await volume.remove();
told.end();

/** Counted from the first of them. */
function since(points: readonly { seconds: number; fraction: number }[]) {
  const [first = 0, last = 0] = [points[0]?.seconds, points.at(-1)?.seconds];
  return {
    points: points.map(({ seconds, fraction }) => ({ seconds: seconds - first, fraction })),
    total: last - first,
  };
}

/** At the moments when something is told, before and after it. */
function farthest(points: readonly { seconds: number; fraction: number }[], totalSeconds: number): number {
  const gaps = points.flatMap(({ seconds, fraction }, index) => [
    Math.abs(fraction - seconds / totalSeconds),
    Math.abs((points[index - 1]?.fraction ?? 0) - seconds / totalSeconds),
  ]);
  return Math.max(...gaps);
}
