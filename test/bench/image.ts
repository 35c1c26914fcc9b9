import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import sharp from "sharp";
import { noise, photo } from "../worker/pictures.ts";
import { aUnit, from, makeVolume, runWorker } from "../worker/run-worker.ts";
import { findPrograms } from "./image/programs.ts";
import { type Measurement, report } from "./report.ts";

/**
 * `npm run bench:image`: the worker against bare sharp and against other people's programs, on the same files
 * with the same settings, interleaved in one run, medians. Times exclude the start of a process wherever a
 * contender does all files in one; vipsthumbnail and ImageMagick start once a file, as they are used.
 */

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    photos: { type: "string", default: "200" },
    drawings: { type: "string", default: "100" },
    avifs: { type: "string", default: "30" },
    creep: { type: "string", default: "1000" },
    // A slice of the whole: workloads and contenders whose names hold one of these, separated by commas.
    workload: { type: "string", default: "" },
    against: { type: "string", default: "" },
  },
});

/** Seconds that a contender takes for all files of `input`. */
type Contender = (input: string, output: string) => Promise<number>;

interface Workload {
  name: string;
  files: number;
  make: (index: number) => Promise<Buffer>;
  distinct: number;
  outputs: object[];
  contenders: Record<string, Contender>;
}

const run = promisify(execFile);
const programs = findPrograms();
const bench = resolve(import.meta.dirname, "image");
const cores = cpus().length;

const bareSharp =
  (workload: string, inFlight: number): Contender =>
  async (input, output) => {
    const { stdout } = await run(process.execPath, [
      join(bench, "bare-sharp.ts"),
      workload,
      input,
      output,
      `${inFlight}`,
    ]);
    return Number(stdout);
  };
const pillow =
  (workload: string, mode: "plain" | "draft"): Contender =>
  async (input, output) => {
    const { stdout } = await run(programs.python, [join(bench, "pillow.py"), workload, input, output, mode]);
    return Number(stdout);
  };

/** One process a file, as many at once as there are cores. */
const eachFile =
  (command: (file: string, out: string) => string[]): Contender =>
  async (input, output) => {
    const files = (await readdir(input)).values();
    const started = performance.now();
    await Promise.all(
      Array.from({ length: cores }, async () => {
        for (const file of files) {
          const [program = "", ...rest] = command(join(input, file), join(output, file));
          await run(program, rest);
        }
      }),
    );
    return (performance.now() - started) / 1000;
  };

const workloads: Workload[] = [
  {
    name: "photos",
    files: Number(options.photos),
    distinct: 8,
    make: async (index) => (await photo(12 + (index % 4) * 4)).removeAlpha().jpeg({ quality: 90 }).toBuffer(),
    outputs: [{ name: "o", image: { format: "webp", width: 320, quality: 75, metadata: "Strip" } }],
    contenders: {
      "bare sharp, 3 in flight": bareSharp("thumbnails", 3),
      "bare sharp, 4 in flight": bareSharp("thumbnails", 4),
      vipsthumbnail: eachFile((file, out) => [
        programs.vipsthumbnail,
        file,
        "-s",
        "320x",
        "-o",
        `${out}.webp[Q=75]`,
      ]),
      "ImageMagick, jpeg:size": eachFile((file, out) => [
        programs.convert,
        "-define",
        "jpeg:size=640x640",
        file,
        "-resize",
        "320x",
        "-quality",
        "75",
        `${out}.webp`,
      ]),
      "ImageMagick, plain": eachFile((file, out) => [
        programs.convert,
        file,
        "-resize",
        "320x",
        "-quality",
        "75",
        `${out}.webp`,
      ]),
      "Pillow, draft": pillow("thumbnails", "draft"),
      "Pillow, plain": pillow("thumbnails", "plain"),
    },
  },
  {
    name: "sets",
    files: Number(options.drawings),
    distinct: 4,
    make: async () => {
      const picture = await (await photo(4)).removeAlpha().png().toBuffer();
      return await sharp(picture).ensureAlpha(0.8).png({ compressionLevel: 3 }).toBuffer();
    },
    outputs: [
      {
        name: "o",
        image: {
          format: "jpeg",
          widths: [320, 640, 1280],
          formats: ["webp"],
          metadata: "Strip",
          quality: 75,
        },
      },
    ],
    contenders: {
      "bare sharp, one decode": bareSharp("sets", 2),
      "Pillow, one decode": pillow("sets", "plain"),
      "ImageMagick, one decode": eachFile((file, out) => [
        ...[programs.convert, file],
        ...[1280, 640, 320].flatMap((size) => [
          "-resize",
          `${size}x`,
          "-quality",
          "75",
          "-write",
          `${out}-${size}.webp`,
        ]),
        ...["-background", "white", "-flatten", `${out}.jpg`],
      ]),
    },
  },
  {
    name: "avif",
    files: Number(options.avifs),
    distinct: 4,
    make: async () => (await photo(4)).removeAlpha().jpeg({ quality: 90 }).toBuffer(),
    outputs: [{ name: "o", image: { format: "avif", width: 1280, quality: 60, metadata: "Strip" } }],
    contenders: { "bare sharp": bareSharp("avif", 3) },
  },
  {
    name: "one JPEG of 50 MB",
    files: 1,
    distinct: 1,
    make: async () => await noise(6400, 4608).jpeg({ quality: 97 }).toBuffer(),
    outputs: [{ name: "o", image: { format: "jpeg", width: 1080, metadata: "Strip" } }],
    contenders: { "bare sharp": bareSharp("large", 1), "Pillow, draft": pillow("large", "draft") },
  },
];

const loadBefore = loadavg();
const volume = await makeVolume();
const measurements: Measurement[] = [];
try {
  for (const workload of workloads)
    if (workload.files > 0 && isWanted(workload.name, options.workload))
      measurements.push(...(await measure(workload)));
  if (isWanted("creep", options.workload)) measurements.push(...(await measureCreep(Number(options.creep))));
} finally {
  await volume.remove();
}
report("image", measurements, {
  loadBefore,
  notes: ["Ratios are to the worker's time: above 1, the worker is faster."],
});

async function measure({
  name,
  files,
  distinct,
  make,
  outputs,
  contenders,
}: Workload): Promise<Measurement[]> {
  const folder = name.replaceAll(" ", "-");
  const input = volume.path(folder);
  await fill(input, { files, distinct, make });
  const seconds = new Map<string, number[]>();
  for (let round = 0; round < Number(options.runs); round++) {
    for (const [contender, time] of [
      ["worker", worker(folder, outputs)] as const,
      ...Object.entries(contenders).filter(([contender]) => isWanted(contender, options.against)),
    ]) {
      const output = await mkdtemp(join(tmpdir(), "mediajob-bench-"));
      seconds.set(contender, [...(seconds.get(contender) ?? []), await time(input, output)]);
      await rm(output, { recursive: true });
    }
  }
  await rm(input, { recursive: true });
  const own = median(seconds.get("worker") ?? []);
  return [...seconds].flatMap(([contender, runs]) => [
    {
      name: `${name}: ${contender}`,
      value: files / median(runs),
      unit: "images/s",
      runs: runs.map((each) => files / each),
    },
    ...(contender === "worker"
      ? []
      : [
          {
            name: `${name}: worker to ${contender}`,
            value: median(runs) / own,
            unit: "×",
            ...targetOf(name, contender),
          },
        ]),
  ]);
}

function targetOf(workload: string, contender: string): Pick<Measurement, "target"> {
  if (contender.startsWith("bare sharp")) return { target: { atLeast: 0.95 } };
  if (workload === "sets") return { target: { atLeast: 1.5 } };
  if (workload !== "photos") return {};
  if (contender === "vipsthumbnail") return { target: { atLeast: 1.7 } };
  return contender.endsWith("plain") ? { target: { atLeast: 5 } } : {};
}

function worker(folder: string, outputs: object[]): Contender {
  return async (input, output) => {
    const sources = Object.fromEntries(
      (await readdir(input)).map((file, index) => [`s${index}`, `${folder}/${file}`]),
    );
    const { exitCode, result } = await runWorker(unitOf(sources, outputs, output), volume);
    if (exitCode !== 0) throw new Error(`the worker failed: ${JSON.stringify(result.failure)}`);
    await rm(volume.path("out"), { recursive: true });
    return result.usage.wallSeconds;
  };
}

function unitOf(sources: Record<string, string>, outputs: object[], name: string) {
  return aUnit({
    family: "image",
    job: { namespace: "bench", name: "bench", uid: name.split("/").at(-1) },
    sources: from(sources),
    outputs,
    limits: { cpu: cores, memoryBytes: 2 ** 32, scratchBytes: 2 ** 30, timeoutSeconds: 3600 },
  });
}

/** Resident memory of one unit after a tenth of its images, and after all of them: what leaks, grows. */
async function measureCreep(images: number): Promise<Measurement[]> {
  if (images < 10) return [];
  await fill(volume.path("creep"), {
    files: images,
    distinct: 8,
    make: async () => (await photo(2)).removeAlpha().jpeg().toBuffer(),
  });
  const files = await readdir(volume.path("creep"));
  const sources = Object.fromEntries(files.map((file, index) => [`s${index}`, `creep/${file}`]));
  const unit = unitOf(sources, [{ name: "o", image: { format: "webp", width: 320 } }], "creep");
  let early = 0;
  let late = 0;
  const sample = async ({ pid }: { pid: number }) => {
    for (let mib = residentMib(pid); mib !== undefined; mib = residentMib(pid)) {
      const done = (await readdir(volume.path("out")).catch(() => [])).length;
      if (early === 0 && done >= images / 10) early = mib;
      if (mib > 0) late = mib;
      await setTimeout(20);
    }
  };
  const { exitCode } = await runWorker(unit, volume, { during: sample });
  if (exitCode !== 0) throw new Error(`the unit of ${images} images ended with ${exitCode}`);
  return [
    { name: `RSS after ${images / 10} images`, value: early, unit: "MiB" },
    { name: `RSS after ${images} images`, value: late, unit: "MiB" },
    {
      name: `RSS after ${images} to ${images / 10} images`,
      value: late / early,
      unit: "×",
      target: { atMost: 1.15 },
    },
  ];
}

/** Undefined once the process has ended. */
function residentMib(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Writes files of which only some are distinct: making pictures takes longer than measuring with them. */
async function fill(
  folder: string,
  { files, distinct, make }: { files: number; distinct: number; make: (index: number) => Promise<Buffer> },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const made: Buffer[] = [];
  for (let index = 0; index < files; index++) {
    if (made.length < distinct) made.push(await make(index));
    await writeFile(join(folder, `${index}.img`), made[index % made.length] ?? "");
  }
}

function isWanted(name: string, parts: string): boolean {
  return parts.split(",").some((part) => name.includes(part));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
