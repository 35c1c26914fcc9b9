import { type Measurement, median } from "../report.ts";
import { type Bench, byWorker, costOf, ffmpeg, WALK } from "./bench.ts";

const SECONDS = 4;
const HEIGHTS = [1080, 720, 480];
const outputs = HEIGHTS.map((height) => ({ name: `p${height}`, video: { height, preset: "veryfast" } }));

/** Three renditions of 4K in HDR from one decode and one tone mapping, beside a unit for each. */
export async function* measureTogether(bench: Bench): AsyncGenerator<Measurement[]> {
  await ffmpeg(
    ...["-i", WALK, "-t", `${SECONDS}`, "-vf", "scale=3840:2160,format=yuv420p10le"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-c:a", "copy"],
    ...["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"],
    bench.volume.path("hdr.mp4"),
  );
  const together: number[] = [];
  const apart: number[] = [];
  for (let round = 0; round < bench.runs; round++) {
    const [first] = outputs;
    const all = { unit: { outputs: outputs as never } };
    together.push((await costOf(() => byWorker(bench, "hdr.mp4", { video: first?.video }, all))).cpuSeconds);
    const each = await costOf(async () => {
      for (const { video } of outputs) await byWorker(bench, "hdr.mp4", { video });
    });
    apart.push(each.cpuSeconds);
    yield [
      {
        name: "together: three renditions of 4K HDR, CPU",
        value: median(together),
        unit: "s",
        runs: together,
      },
      { name: "together: a unit for each, CPU", value: median(apart), unit: "s", runs: apart },
      { name: "together: to a unit for each, CPU", value: median(together) / median(apart), unit: "×" },
    ];
  }
}
