import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Measurement, median } from "../report.ts";
import { type Bench, byWorker, type Cost, costOf, ffmpeg, WALK } from "./bench.ts";

/**
 * One stream by the worker against what people do by hand: a run of ffmpeg for each rung and one that packages them as
 * HLS and DASH. Same source, codec, rate control and keyframes. How alike each rung is to the source is measured for
 * both, so that speed is not bought with looks.
 */
export interface Ladder {
  name: string;
  source: "sdr" | "hdr";
  preset: string;
  rungs: readonly { height: number; bitrateKbps: number }[];
  /** The ways by hand that the worker is held against, and what it may take of each. */
  hands: readonly { name: string; filters: (scale: string) => string; atMost?: number }[];
}

const TONE_MAPPING =
  "zscale=tin=smpte2084:pin=bt2020:min=bt2020nc:t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p";

const FOUR_RUNGS = [
  { height: 360, bitrateKbps: 800 },
  { height: 480, bitrateKbps: 1200 },
  { height: 720, bitrateKbps: 2800 },
  { height: 1080, bitrateKbps: 5000 },
];

export const LADDERS: Readonly<Record<string, Ladder>> = {
  "ladder-veryfast": {
    ...{ name: "1080p veryfast", source: "sdr", preset: "veryfast", rungs: FOUR_RUNGS },
    hands: [{ name: "by hand", filters: (scale) => scale, atMost: 0.86 }],
  },
  "ladder-medium": {
    ...{ name: "1080p medium", source: "sdr", preset: "medium", rungs: FOUR_RUNGS },
    hands: [{ name: "by hand", filters: (scale) => scale, atMost: 0.93 }],
  },
  "ladder-hdr": {
    ...{ name: "4K HDR veryfast", source: "hdr", preset: "veryfast", rungs: FOUR_RUNGS.slice(1) },
    hands: [
      // As the guides have it: one tone mapping for each rung, at the source's size, and scaled after.
      { name: "by hand, mapped at 4K", filters: (scale) => `${TONE_MAPPING},${scale}` },
      // As whoever has measured it writes it, and as the worker does: a picture is made smaller before it is mapped,
      // which looks the same and costs a quarter. The order of filters is free to everybody, so the target is held
      // against this one: what is left is what one decode and one mapping for all rungs save.
      { name: "by hand, scaled first", filters: (scale) => `${scale},${TONE_MAPPING}`, atMost: 0.52 },
    ],
  },
};

const SEGMENT_SECONDS = 2;
const CRF = 23;
/** Longer clips change the ratio by little: the worker's fixed cost is a hundredth of these. */
const MOST_SECONDS = 10;
/** Decoding and tone mapping cost as much on each frame. */
const MOST_HDR_SECONDS = 4;

export async function* measureLadder(ladder: Ladder, bench: Bench): AsyncGenerator<Measurement[]> {
  await mkdir(bench.volume.path("in"), { recursive: true });
  await makeSource(ladder.source, bench);
  const worker: Cost[] = [];
  const hands = ladder.hands.map((hand) => ({ ...hand, runs: [] as Cost[] }));
  let looks: Measurement[] = [];
  for (let round = 0; round < bench.runs; round++) {
    worker.push(await costOf(() => streamOf(ladder, bench)));
    for (const hand of hands) hand.runs.push(await costOf(() => byHand(ladder, bench, hand)));
    // The same bytes each time.
    if (round === 0 && ladder.source === "sdr") looks = await looksOf(ladder, bench);
    yield [...costs(ladder, { worker, hands }), ...looks];
  }
}

function costs(
  { name }: Ladder,
  { worker, hands }: { worker: Cost[]; hands: (Ladder["hands"][number] & { runs: Cost[] })[] },
): Measurement[] {
  return (["wallSeconds", "cpuSeconds"] as const).flatMap((cost): Measurement[] => {
    const what = cost === "wallSeconds" ? "wall" : "CPU";
    const own = worker.map((run) => run[cost]);
    return [
      { name: `${name}: worker, ${what}`, value: median(own), unit: "s", runs: own },
      ...hands.flatMap(({ name: hand, atMost, runs }): Measurement[] => {
        const theirs = runs.map((run) => run[cost]);
        return [
          { name: `${name}: ${hand}, ${what}`, value: median(theirs), unit: "s", runs: theirs },
          {
            name: `${name}: worker to ${hand}, ${what}`,
            value: median(own) / median(theirs),
            unit: "×",
            ...(atMost !== undefined && { target: { atMost } }),
          },
        ];
      }),
    ];
  });
}

async function looksOf({ name, rungs }: Ladder, bench: Bench): Promise<Measurement[]> {
  const looks: Measurement[] = [];
  for (const { height } of rungs) {
    const made = await similarity(bench, bench.volume.path(`out/clip/made/video-${height}p.mp4`), height);
    const byHand = await similarity(bench, bench.volume.path(`hand/${height}.mp4`), height);
    looks.push({
      name: `${name}: SSIM of ${height}p, worker less by hand`,
      value: made - byHand,
      unit: "",
      target: { atLeast: -0.002 },
    });
  }
  return looks;
}

const sourcePath = (source: Ladder["source"], { volume }: Bench): string => volume.path(`in/${source}.mp4`);

/** A street, as large as wanted, with grain that an encoder has to work for. */
async function makeSource(source: Ladder["source"], bench: Bench): Promise<void> {
  const sdr = [
    ...["-t", `${Math.min(bench.seconds, MOST_SECONDS)}`],
    ...["-vf", "scale=1920:1080:flags=lanczos,noise=alls=6:allf=t", "-c:v", "libx264", "-crf", "18"],
  ];
  const pq = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error";
  const hdr = [
    ...["-t", `${Math.min(bench.seconds, MOST_HDR_SECONDS)}`],
    ...["-vf", "scale=3840:2160:flags=lanczos,format=yuv420p10le"],
    ...["-c:v", "libx265", "-x265-params", pq, "-tag:v", "hvc1"],
  ];
  await ffmpeg(
    ...["-stream_loop", "-1", "-i", WALK, ...(source === "sdr" ? sdr : hdr)],
    ...["-preset", "ultrafast", "-c:a", "aac", sourcePath(source, bench)],
  );
}

async function streamOf({ source, preset, rungs }: Ladder, bench: Bench): Promise<void> {
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
  await byWorker(bench, `in/${source}.mp4`, { stream });
}

/** As a script would: a run for each rung, sound in each, then one that copies all into HLS and DASH. */
async function byHand(
  { source, preset, rungs }: Ladder,
  bench: Bench,
  { filters }: Ladder["hands"][number],
): Promise<void> {
  const directory = bench.volume.path("hand");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  for (const { height, bitrateKbps } of rungs) {
    await ffmpeg(
      ...["-i", sourcePath(source, bench), "-vf", filters(`scale=-2:${height}:flags=bicubic`)],
      ...["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", preset, "-crf", `${CRF}`],
      ...["-maxrate", `${bitrateKbps}k`, "-bufsize", `${bitrateKbps * 2}k`, "-sc_threshold", "0"],
      ...["-force_key_frames", `expr:gte(t,n_forced*${SEGMENT_SECONDS})`],
      ...["-c:a", "aac", "-b:a", "128k", "-ac", "2", join(directory, `${height}.mp4`)],
    );
  }
  await ffmpeg(
    ...rungs.flatMap(({ height }) => ["-i", join(directory, `${height}.mp4`)]),
    ...rungs.flatMap((_, input) => ["-map", `${input}:v`]),
    ...["-map", "0:a?", "-c", "copy", "-f", "dash", "-single_file", "1", "-hls_playlist", "1"],
    ...["-seg_duration", `${SEGMENT_SECONDS}`, join(directory, "manifest.mpd")],
  );
}

/** Structural similarity to the source, scaled by Lanczos. */
async function similarity(bench: Bench, path: string, height: number): Promise<number> {
  const { stderr } = await promisify(execFile)("ffmpeg", [
    ...["-v", "info", "-nostdin", "-i", path, "-i", sourcePath("sdr", bench)],
    ...["-lavfi", `[1:v]scale=-2:${height}:flags=lanczos[r];[0:v][r]ssim`, "-f", "null", "-"],
  ]);
  return Number(/All:([\d.]+)/.exec(stderr)?.[1]);
}
