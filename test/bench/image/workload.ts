import { mkdtemp } from "node:fs/promises";
import { type Measurement, median } from "../report.ts";
import { type Bench, fill } from "./bench.ts";
import { type Contender, worker } from "./contenders.ts";

export interface Workload {
  name: string;
  files: number;
  /** How many of the files differ. */
  distinct: number;
  make: (index: number) => Promise<Buffer>;
  /** Of the worker's unit. */
  outputs: object[];
  /** Contenders of one kind: the quickest of them is the one to be measured by. */
  contenders: Record<string, Record<string, Contender>>;
  /** How often as fast as the best of a kind the worker is to be. */
  targets: Record<string, number>;
}

/** Rounds of all contenders, one after another in each, so that what else the machine does falls on all alike. */
export async function measureWorkload(workload: Workload, bench: Bench): Promise<Measurement[]> {
  const { name, distinct, make, outputs, contenders, targets } = workload;
  const files = bench.files === undefined ? workload.files : Math.min(bench.files, workload.files);
  const input = bench.volume.path(name);
  await fill(input, { files, distinct, make });
  const timed = [
    { kind: "worker", title: "worker", contender: worker(bench, outputs) },
    ...Object.entries(contenders).flatMap(([kind, settings]) =>
      Object.entries(settings).map(([setting, contender]) => ({
        kind,
        title: `${kind}, ${setting}`,
        contender,
      })),
    ),
  ].filter(({ kind, title }) => kind === "worker" || bench.against.some((part) => title.includes(part)));
  const seconds = new Map<string, number[]>(timed.map(({ title }) => [title, []]));
  for (let round = 0; round < bench.runs; round++) {
    for (const { title, contender } of timed) {
      // Removed with the volume at the end of all, as the worker's are: ext4 looks long for room among what was
      // removed in the last minute, and the one who comes next would pay for it.
      const output = await mkdtemp(bench.volume.path(`${name}-`));
      seconds.get(title)?.push(await contender(input, output));
    }
  }
  const medianOf = (title: string) => median(seconds.get(title) ?? []);
  const speeds = timed.map(({ title }): Measurement => {
    const runs = (seconds.get(title) ?? []).map((each) => files / each);
    return { name: `${name}: ${title}`, value: files / medianOf(title), unit: "images/s", runs };
  });
  const ratios = Object.keys(contenders).flatMap((kind): Measurement[] => {
    const [best] = timed
      .filter((each) => each.kind === kind)
      .map(({ title }) => title)
      .toSorted((a, b) => medianOf(a) - medianOf(b));
    if (best === undefined) return [];
    const target = targets[kind];
    return [
      {
        name: `${name}: worker to ${best}`,
        value: medianOf(best) / medianOf("worker"),
        unit: "×",
        ...(target !== undefined && { target: { atLeast: target } }),
      },
    ];
  });
  return [...speeds, ...ratios];
}
