import { type Measurement, median } from "../report.ts";
import { type Bench, byWorker, type Cost, costOf, ffmpeg, rawly, WALK } from "./bench.ts";
import { nearness } from "./nearness.ts";

/** What a worker may take beside its ffmpeg, whatever the length: its start, the probe, verification, publishing. */
const FIXED_SECONDS = 0.3;

/** One 1080p rendition at `veryfast`: the worker beside the command it ran, and how true its progress was. */
export async function measureRendition(bench: Bench): Promise<Measurement[]> {
  await ffmpeg(
    ...["-stream_loop", "-1", "-i", WALK, "-t", `${bench.seconds}`, "-vf", "scale=1920:1080"],
    ...[
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-crf",
      "18",
      "-c:a",
      "aac",
      bench.volume.path("clip.mp4"),
    ],
  );
  const worker: Cost[] = [];
  const raw: Cost[] = [];
  const near: number[] = [];
  for (let round = 0; round < bench.runs; round++) {
    let command: readonly string[] = [];
    const told: { seconds: number; fraction: number }[] = [];
    const startedAt = performance.now();
    worker.push(
      await costOf(async () => {
        const { manifest } = await byWorker(
          bench,
          "clip.mp4",
          { video: { codec: "h264", preset: "veryfast", crf: 23 } },
          {
            onProgress: ({ fraction }) =>
              told.push({ seconds: (performance.now() - startedAt) / 1000, fraction }),
          },
        );
        const [record] = (manifest?.records ?? []) as { arguments: string[] }[];
        command = record?.arguments ?? [];
      }),
    );
    near.push(nearness(told, worker.at(-1)?.wallSeconds ?? 0));
    const target = `file:${bench.volume.path("raw.mp4")}`;
    raw.push(await costOf(() => rawly([...command.slice(0, -1), target])));
  }
  const wall = (costs: readonly Cost[]) => costs.map(({ wallSeconds }) => wallSeconds);
  const cpu = (costs: readonly Cost[]) => costs.map(({ cpuSeconds }) => cpuSeconds);
  const [workerWall, rawWall] = [median(wall(worker)), median(wall(raw))];
  return [
    { name: "rendition: worker, wall", value: workerWall, unit: "s", runs: wall(worker) },
    { name: "rendition: raw ffmpeg, wall", value: rawWall, unit: "s", runs: wall(raw) },
    {
      name: `rendition: worker less ${FIXED_SECONDS} s to raw, wall`,
      value: (workerWall - FIXED_SECONDS) / rawWall,
      unit: "×",
      target: { atMost: 1.03 },
    },
    {
      name: "rendition: worker to raw, CPU",
      value: median(cpu(worker)) / median(cpu(raw)),
      unit: "×",
      target: { atMost: 1.03 },
      runs: cpu(worker).map((seconds, round) => seconds / (cpu(raw)[round] ?? Number.NaN)),
    },
    {
      name: "rendition: 1080p veryfast by the worker",
      value: bench.seconds / workerWall,
      unit: "× real time",
      target: { atLeast: 2 },
    },
    { name: "rendition: 1080p veryfast by raw ffmpeg", value: bench.seconds / rawWall, unit: "× real time" },
    {
      name: "rendition: progress within 5 points, share of the run",
      value: median(near),
      unit: "",
      target: { atLeast: 0.9 },
      runs: near,
    },
  ];
}
