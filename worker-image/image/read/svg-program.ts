import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { cpuLimit } from "./time-limit.ts";

/**
 * The program that draws one SVG, within limits that it sets itself once it has loaded: Node reserves more address
 * space at its start than any drawing may take. It answers on stdout: an SVG's header as JSON, or its picture as PNG.
 */
export interface SvgRequest {
  path: string;
  /** Pixels per inch at which the picture is drawn; its header is read where unset. */
  density?: number;
  /** As much as the drawing may take beside what the program takes at rest. */
  memoryBytes: number;
  /** Of processor time. */
  secondsMax: number;
  pixelsMax: number;
}

async function answer({ path, density, pixelsMax: limitInputPixels, ...limits }: SvgRequest): Promise<void> {
  sharp.cache(false);
  sharp.concurrency(1);
  setLimits(limits);
  // As bytes: one that is opened by name may show the files beside it.
  const svg = sharp(readFileSync(path), {
    failOn: "error",
    limitInputPixels,
    ...(density !== undefined && { density }),
  });
  process.stdout.write(
    density === undefined
      ? JSON.stringify(await svg.metadata())
      : await svg.png({ compressionLevel: 1 }).toBuffer(),
  );
}

/**
 * Pango looks for fonts in a thread of its own, whose stack counts as data as soon as it is there: 8 MiB, of which hardly
 * any is used. A text takes no more memory than that.
 */
const STACKS_BYTES = 24 * 2 ** 20;

/** /proc is Linux's own; elsewhere (`mediajob run` on a laptop) only time is limited, by who started this. */
function setLimits({ memoryBytes, secondsMax }: Pick<SvgRequest, "memoryBytes" | "secondsMax">): void {
  if (process.platform !== "linux") return;
  const [, kib] = readFileSync("/proc/self/status", "utf8").match(/^VmData:\s+([0-9]+) kB$/m) ?? [];
  const dataBytes = Number(kib) * 1024 + memoryBytes + STACKS_BYTES;
  execFileSync("prlimit", ["--pid", `${process.pid}`, `--data=${dataBytes}`, cpuLimit(secondsMax)]);
}

const [, , request] = process.argv;
// Without a request it is run for nothing but to be compiled.
if (request !== undefined) {
  try {
    await answer(JSON.parse(request));
  } catch (error) {
    process.stderr.write((error as Error).message);
    process.exitCode = 1;
  }
}
