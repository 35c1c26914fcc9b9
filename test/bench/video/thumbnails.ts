import { type Measurement, median } from "../report.ts";
import { type Bench, byWorker, costOf, ffmpeg, WALK } from "./bench.ts";

/** A hundred thumbnails of ten minutes, beside the decode of all of it that a filter by time would need. */
export async function* measureThumbnails(bench: Bench): AsyncGenerator<Measurement[]> {
  const path = bench.volume.path("long.mp4");
  await ffmpeg("-stream_loop", "59", "-i", WALK, "-t", "600", "-c", "copy", path);
  const worker: number[] = [];
  const decode: number[] = [];
  for (let round = 0; round < bench.runs; round++) {
    const frames = { count: 100, width: 160 };
    worker.push((await costOf(() => byWorker(bench, "long.mp4", { frames }))).wallSeconds);
    decode.push(
      (await costOf(() => ffmpeg("-threads", "2", "-i", path, "-an", "-f", "null", "-"))).wallSeconds,
    );
    yield [
      { name: "thumbnails: 100 of 10 minutes by the worker", value: median(worker), unit: "s", runs: worker },
      { name: "thumbnails: decode of 10 minutes", value: median(decode), unit: "s", runs: decode },
      {
        name: "thumbnails: worker to decode",
        value: median(worker) / median(decode),
        unit: "×",
        target: { atMost: 0.15 },
      },
    ];
  }
}
