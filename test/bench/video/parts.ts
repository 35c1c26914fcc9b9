import { type Measurement, median } from "../report.ts";
import { type Bench, byWorker, costOf, ffmpeg, WALK } from "./bench.ts";

/** As long as the planner makes parts by default; shorter only where shorter clips are asked for. */
const PART_SECONDS = 60;
const COUNT = 2;
const VIDEO = { video: { codec: "h264", preset: "veryfast", height: 720, crf: 23, audio: { loudness: {} } } };

/** Two parts and their join beside one piece: processor time, since parts are there to run at once. */
export async function* measureParts(bench: Bench): AsyncGenerator<Measurement[]> {
  const partSeconds = Math.min(PART_SECONDS, bench.seconds);
  const seconds = partSeconds * COUNT;
  const looped = ["-stream_loop", "-1", "-i", WALK, "-t", `${seconds}`, "-c", "copy"];
  await ffmpeg(...looped, bench.volume.path("film.mp4"));
  const whole: number[] = [];
  const parts: number[] = [];
  for (let round = 0; round < bench.runs; round++) {
    whole.push((await costOf(() => byWorker(bench, "film.mp4", VIDEO))).cpuSeconds);
    parts.push((await costOf(() => inParts(bench, { round, partSeconds }))).cpuSeconds);
    yield [
      { name: "parts: one piece, CPU", value: median(whole), unit: "s", runs: whole },
      {
        name: `parts: ${COUNT} parts of ${partSeconds} s and join, CPU`,
        value: median(parts),
        unit: "s",
        runs: parts,
      },
      {
        name: "parts: to one piece, CPU",
        value: median(parts) / median(whole),
        unit: "×",
        target: { atMost: 1.12 },
      },
    ];
  }
}

async function inParts(
  bench: Bench,
  { round, partSeconds }: { round: number; partSeconds: number },
): Promise<void> {
  const job = { namespace: "bench", name: "bench", uid: `parts-${round}` };
  for (let index = 0; index < COUNT; index++) {
    const part = {
      index,
      count: COUNT,
      startSeconds: index * partSeconds,
      ...(index + 1 < COUNT && { endSeconds: (index + 1) * partSeconds }),
    };
    const unit = { job, name: `video-0-part-${index}`, part };
    await byWorker(bench, "film.mp4", VIDEO, { unit, keep: index > 0 });
  }
  const unit = { job, name: "video-0-join", join: { parts: COUNT } };
  await byWorker(bench, "film.mp4", VIDEO, { unit, keep: true });
}
