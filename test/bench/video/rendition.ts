import { treeCpuSeconds } from "../process-usage.ts";
import { type Measurement, median } from "../report.ts";
import { type Bench, byWorker, type Cost, costOf, ffmpeg, rawly, WALK } from "./bench.ts";
import { nearness } from "./nearness.ts";

/** What a worker may take beside its ffmpeg, whatever the length: its start, the probe, verification, publishing. */
const FIXED_SECONDS = 0.3;

/** One message of progress, and how far the clock and the processor time of the worker were when it came. */
interface Told {
  seconds: number;
  cpuSeconds: number;
  fraction: number;
}

/** One 1080p rendition at `veryfast`: the worker beside the command it ran, and how true its progress was. */
export async function* measureRendition(bench: Bench): AsyncGenerator<Measurement[]> {
  await ffmpeg(
    ...["-stream_loop", "-1", "-i", WALK, "-t", `${bench.seconds}`, "-vf", "scale=1920:1080"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-c:a", "aac"],
    bench.volume.path("clip.mp4"),
  );
  const worker: Cost[] = [];
  const raw: Cost[] = [];
  const near = { wall: [] as number[], cpu: [] as number[] };
  const { command } = await measuredWorker(bench); // not counted: the machine warms up, and the command becomes known
  const oneByWorker = async () => {
    const { cost, told } = await measuredWorker(bench);
    worker.push(cost);
    near.wall.push(nearness(told, cost.wallSeconds));
    near.cpu.push(
      nearness(
        told.map(({ cpuSeconds, fraction }) => ({ seconds: cpuSeconds, fraction })),
        cost.cpuSeconds,
      ),
    );
  };
  const oneByHand = async () => {
    const target = `file:${bench.volume.path("raw.mp4")}`;
    raw.push(await costOf(() => rawly([...command.slice(0, -1), target])));
  };
  // In turns the one first and the other: a machine that grows slower is held against neither.
  for (let round = 0; round < bench.runs; round++) {
    for (const contender of round % 2 === 0 ? [oneByWorker, oneByHand] : [oneByHand, oneByWorker])
      await contender();
    yield summary(bench, { worker, raw, near });
  }
}

/** One run of the worker, the command that it ran, and what it told meanwhile. */
async function measuredWorker(bench: Bench): Promise<{ cost: Cost; command: string[]; told: Told[] }> {
  let command: string[] = [];
  const told: Told[] = [];
  let pid = 0;
  const startedAt = performance.now();
  const cost = await costOf(async () => {
    const { manifest } = await byWorker(
      bench,
      "clip.mp4",
      { video: { codec: "h264", preset: "veryfast", crf: 23 } },
      {
        onStart: (started) => {
          pid = started;
        },
        onProgress: ({ fraction }) => {
          const seconds = (performance.now() - startedAt) / 1000;
          // The last message comes when the worker is about to be gone.
          const cpuSeconds = treeCpuSeconds(pid) ?? told.at(-1)?.cpuSeconds ?? 0;
          told.push({ seconds, cpuSeconds, fraction });
        },
      },
    );
    const [record] = (manifest?.records ?? []) as { arguments: string[] }[];
    command = record?.arguments ?? [];
  });
  return { cost, command, told };
}

function summary(
  { seconds }: Bench,
  { worker, raw, near }: { worker: Cost[]; raw: Cost[]; near: { wall: number[]; cpu: number[] } },
): Measurement[] {
  const wall = (costs: readonly Cost[]) => costs.map(({ wallSeconds }) => wallSeconds);
  const cpu = (costs: readonly Cost[]) => costs.map(({ cpuSeconds }) => cpuSeconds);
  const [workerWall, rawWall] = [median(wall(worker)), median(wall(raw))];
  // Of each round, whose two runs are next to each other: the same command takes a tenth more or less a minute later.
  const ratios = (of: (costs: readonly Cost[]) => number[], { less }: { less: number }) =>
    of(worker).map((own, round) => (own - less) / (of(raw)[round] ?? Number.NaN));
  const overRounds = (runs: number[]) => ({ value: median(runs), runs });
  return [
    { name: "rendition: worker, wall", value: workerWall, unit: "s", runs: wall(worker) },
    { name: "rendition: raw ffmpeg, wall", value: rawWall, unit: "s", runs: wall(raw) },
    { name: "rendition: worker, CPU", value: median(cpu(worker)), unit: "s", runs: cpu(worker) },
    { name: "rendition: raw ffmpeg, CPU", value: median(cpu(raw)), unit: "s", runs: cpu(raw) },
    {
      name: `rendition: worker less ${FIXED_SECONDS} s to raw, wall`,
      ...overRounds(ratios(wall, { less: FIXED_SECONDS })),
      unit: "×",
      target: { atMost: 1.03 },
    },
    {
      name: "rendition: worker to raw, CPU",
      ...overRounds(ratios(cpu, { less: 0 })),
      unit: "×",
      target: { atMost: 1.03 },
    },
    {
      name: "rendition: 1080p veryfast by the worker",
      value: seconds / workerWall,
      unit: "× real time",
      target: { atLeast: 2 },
    },
    { name: "rendition: 1080p veryfast by raw ffmpeg", value: seconds / rawWall, unit: "× real time" },
    {
      name: "rendition: progress within 5 points of the share of time, share of the run",
      value: median(near.wall),
      unit: "",
      target: { atLeast: 0.9 },
      runs: near.wall,
    },
    // Other programs on the machine come and go, and with them the worker's speed: that is not what progress can know.
    {
      name: "rendition: progress within 5 points of the share of processor time, share of the run",
      value: median(near.cpu),
      unit: "",
      target: { atLeast: 0.9 },
      runs: near.cpu,
    },
  ];
}
