import { execFile, execFileSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { aUnit, from, makeVolume, runWorker } from "../../worker/run-worker.ts";
import { load, type Measurement, median, report } from "../report.ts";

/**
 * `npm run bench:ladder`: one stream by the worker against what people do by hand, a run of ffmpeg for each rung and
 * one that packages them as HLS and DASH. Same source, codec, rate control and keyframes; interleaved, medians of
 * wall time with the start of the worker in it, and of processor time, which is steadier where the machine does
 * other things as well. How alike each rung is to the source is measured for both, so that speed is not bought with
 * looks.
 */

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    // A slice of the whole: workloads whose names hold this.
    workload: { type: "string", default: "" },
  },
});

interface Workload {
  name: string;
  source: "sdr" | "hdr";
  preset: string;
  rungs: { height: number; bitrateKbps: number }[];
  /** The ways by hand that the worker is held against, and what it may take of each. */
  hands: { name: string; filters: (scale: string) => string; atMost?: number }[];
}

const TONE_MAPPING =
  "zscale=tin=smpte2084:pin=bt2020:min=bt2020nc:t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p";

const FOUR_RUNGS = [
  { height: 360, bitrateKbps: 800 },
  { height: 480, bitrateKbps: 1200 },
  { height: 720, bitrateKbps: 2800 },
  { height: 1080, bitrateKbps: 5000 },
];

const WORKLOADS: Workload[] = [
  {
    ...{ name: "1080p veryfast", source: "sdr", preset: "veryfast", rungs: FOUR_RUNGS },
    hands: [{ name: "by hand", filters: (scale) => scale, atMost: 0.86 }],
  },
  {
    ...{ name: "1080p medium", source: "sdr", preset: "medium", rungs: FOUR_RUNGS },
    hands: [{ name: "by hand", filters: (scale) => scale, atMost: 0.93 }],
  },
  {
    ...{ name: "4K HDR veryfast", source: "hdr", preset: "veryfast", rungs: FOUR_RUNGS.slice(1) },
    hands: [
      // As ffmpeg's guides have it: one tone mapping for each rung, at the source's size.
      { name: "by hand, mapped at 4K", filters: (scale) => `${TONE_MAPPING},${scale}`, atMost: 0.52 },
      // The worker's own order: one tone mapping for each rung, at the rung's size.
      { name: "by hand, scaled first", filters: (scale) => `${scale},${TONE_MAPPING}` },
    ],
  },
];

/** As the image holds it: reading the sources of every module takes a worker longer to start. */
const PROGRAM = resolve(import.meta.dirname, "../../../dist/worker.js");
execFileSync(process.execPath, [resolve(import.meta.dirname, "../../../build.config.ts"), "worker"]);

const SEGMENT_SECONDS = 2;
const CRF = 23;
const WALK = resolve(import.meta.dirname, "../../../examples/media/walk.mp4");

const run = promisify(execFile);

/** Runs ffmpeg; returns the processor time that it took, as it tells itself. */
async function ffmpeg(...list: string[]): Promise<number> {
  const { stderr } = await run("ffmpeg", ["-benchmark", "-nostdin", "-nostats", "-y", ...list]);
  const [, user, kernel] = /utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr) ?? [];
  return Number(user) + Number(kernel);
}

const volume = await makeVolume();
const loadBefore = load();
try {
  const wanted = WORKLOADS.filter(({ name }) => name.includes(options.workload));
  await mkdir(volume.path("in"), { recursive: true });
  for (const source of new Set(wanted.map((workload) => workload.source))) await makeSource(source);
  const measurements: Measurement[] = [];
  for (const workload of wanted) measurements.push(...(await measure(workload)));
  report("ladder", measurements, { loadBefore });
} finally {
  await volume.remove();
}

function sourcePath(source: Workload["source"]): string {
  return volume.path(`in/${source}.mp4`);
}

/** A street, as large as wanted, with grain that an encoder has to work for. */
async function makeSource(source: Workload["source"]): Promise<void> {
  const sdr = ["-t", options.seconds, "-vf", "scale=1920:1080:flags=lanczos,noise=alls=6:allf=t"];
  // 4K for two seconds: what is measured is decoding and tone mapping, which cost as much on each frame.
  const hdr = ["-t", "2", "-vf", "scale=3840:2160:flags=lanczos,format=yuv420p10le", "-c:v", "libx265"];
  const pq = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error";
  await ffmpeg(
    ...["-i", WALK, ...(source === "sdr" ? [...sdr, "-c:v", "libx264", "-crf", "18"] : hdr)],
    ...["-preset", "ultrafast", ...(source === "hdr" ? ["-x265-params", pq, "-tag:v", "hvc1"] : [])],
    ...["-c:a", "aac", sourcePath(source)],
  );
}

async function measure(workload: Workload): Promise<Measurement[]> {
  const worker: Cost[] = [];
  const hands = workload.hands.map((hand) => ({ ...hand, runs: [] as Cost[] }));
  for (let round = 0; round < Number(options.runs); round++) {
    worker.push(await costOf(() => byWorker(workload)));
    for (const hand of hands) hand.runs.push(await costOf(() => byHand(workload, hand)));
    console.error(workload.name, JSON.stringify({ worker, hands }));
  }
  const looks: Measurement[] = [];
  for (const { height } of workload.source === "sdr" ? workload.rungs : []) {
    const made = await similarity(volume.path(`out/film/play/video-${height}p.mp4`), height);
    const byHand = await similarity(volume.path(`hand/${height}.mp4`), height);
    looks.push({
      name: `${workload.name}: SSIM of ${height}p, worker less by hand`,
      value: made - byHand,
      unit: "",
      target: { atLeast: -0.002 },
    });
  }
  const costs = (["wallSeconds", "cpuSeconds"] as const).flatMap((cost): Measurement[] => {
    const what = cost === "wallSeconds" ? "wall" : "processor";
    const own = worker.map((run) => run[cost]);
    return [
      { name: `${workload.name}: worker, ${what}`, value: median(own), unit: "s", runs: own },
      ...hands.flatMap(({ name, atMost, runs }): Measurement[] => {
        const theirs = runs.map((run) => run[cost]);
        return [
          { name: `${workload.name}: ${name}, ${what}`, value: median(theirs), unit: "s", runs: theirs },
          {
            name: `${workload.name}: worker to ${name}, ${what}`,
            value: median(own) / median(theirs),
            unit: "×",
            ...(atMost !== undefined && { target: { atMost } }),
          },
        ];
      }),
    ];
  });
  return [...costs, ...looks];
}

interface Cost {
  wallSeconds: number;
  /** Of all processes, in user and kernel mode. */
  cpuSeconds: number;
}

/** @param work returns the processor time that it took */
async function costOf(work: () => Promise<number>): Promise<Cost> {
  const startedAt = performance.now();
  const cpuSeconds = await work();
  return { wallSeconds: (performance.now() - startedAt) / 1000, cpuSeconds };
}

async function byWorker({ source, preset, rungs }: Workload): Promise<number> {
  await rm(volume.path("out"), { recursive: true, force: true });
  const stream = {
    preset,
    crf: CRF,
    ladder: "Explicit",
    renditions: rungs,
    segmentSeconds: SEGMENT_SECONDS,
    protocols: ["hls", "dash"],
    codec: "h264",
    audio: { bitrateKbps: 128, tracks: "All" },
    subtitles: "Keep",
  };
  const unit = aUnit({
    family: "stream",
    sources: from({ film: `in/${source}.mp4` }),
    outputs: [{ name: "play", stream }],
    limits: { cpu: 2, memoryBytes: 2 ** 32, scratchBytes: 2 ** 30, timeoutSeconds: 600, stallSeconds: 300 },
  });
  const { exitCode, log, result } = await runWorker(unit, volume, { program: PROGRAM });
  if (exitCode !== 0) throw new Error(`the worker ended with ${exitCode}: ${log}`);
  return result.usage.cpuSeconds;
}

/** As a script would: a run for each rung, sound in each, then one that copies all into HLS and DASH. */
async function byHand(
  { source, preset, rungs }: Workload,
  { filters }: Workload["hands"][number],
): Promise<number> {
  const directory = volume.path("hand");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  let cpuSeconds = 0;
  for (const { height, bitrateKbps } of rungs) {
    cpuSeconds += await ffmpeg(
      ...["-i", sourcePath(source), "-vf", filters(`scale=-2:${height}:flags=bicubic`)],
      ...["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", preset, "-crf", `${CRF}`],
      ...["-maxrate", `${bitrateKbps}k`, "-bufsize", `${bitrateKbps * 2}k`, "-sc_threshold", "0"],
      ...["-force_key_frames", `expr:gte(t,n_forced*${SEGMENT_SECONDS})`],
      ...["-c:a", "aac", "-b:a", "128k", "-ac", "2", join(directory, `${height}.mp4`)],
    );
  }
  cpuSeconds += await ffmpeg(
    ...rungs.flatMap(({ height }) => ["-i", join(directory, `${height}.mp4`)]),
    ...rungs.flatMap((_, input) => ["-map", `${input}:v`]),
    ...["-map", "0:a?", "-c", "copy", "-f", "dash", "-single_file", "1", "-hls_playlist", "1"],
    ...["-seg_duration", `${SEGMENT_SECONDS}`, join(directory, "manifest.mpd")],
  );
  return cpuSeconds;
}

/** Structural similarity to the source, scaled by Lanczos. */
async function similarity(path: string, height: number): Promise<number> {
  const { stderr } = await run("ffmpeg", [
    ...["-v", "info", "-nostdin", "-i", path, "-i", sourcePath("sdr")],
    ...["-lavfi", `[1:v]scale=-2:${height}:flags=lanczos[r];[0:v][r]ssim`, "-f", "null", "-"],
  ]);
  return Number(/All:([\d.]+)/.exec(stderr)?.[1]);
}
