import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Bench, byWorker, CORES } from "./bench.ts";

/** Seconds that a contender takes to make all files of the folder `input` into the folder `output`. */
export type Contender = (input: string, output: string) => Promise<number>;

const run = promisify(execFile);
const here = (name: string) => resolve(import.meta.dirname, name);

/** Without the start: from when the engine is loaded and the destination open until the outputs are settled. */
export const worker =
  (bench: Bench, outputs: object[]): Contender =>
  async (input) => {
    const files = (await readdir(input)).map((file) => `${basename(input)}/${file}`);
    const { manifest } = await byWorker(bench, { files, outputs });
    const { readyTime, endTime } = manifest as { readyTime: string; endTime: string };
    return (Date.parse(endTime) - Date.parse(readyTime)) / 1000;
  };

/** So many images at once, libvips with so many threads for each. */
export const bareSharp =
  (workload: string, inFlight: number, threads = 1): Contender =>
  async (input, output) =>
    Number(
      (
        await run(process.execPath, [here("bare-sharp.ts"), workload, input, output, `${inFlight}`], {
          env: { ...process.env, UV_THREADPOOL_SIZE: "8", VIPS_CONCURRENCY: `${threads}` },
        })
      ).stdout,
    );

export const pillow =
  ({ programs }: Bench, workload: string, mode: "plain" | "draft"): Contender =>
  async (input, output) =>
    Number((await run(programs.python, [here("pillow.py"), workload, input, output, mode])).stdout);

/** One process a file, as many at once as there are cores. */
export const eachFile =
  (command: (file: string, out: string) => string[]): Contender =>
  async (input, output) => {
    const files = (await readdir(input)).values();
    const started = performance.now();
    const lanes = Array.from({ length: CORES }, async () => {
      for (const file of files) {
        const [program = "", ...rest] = command(join(input, file), join(output, file));
        await run(program, rest);
      }
    });
    await Promise.all(lanes);
    return (performance.now() - started) / 1000;
  };
