import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";

/** Makes media with ffmpeg, for tests that need a file of a certain kind. */

/** Runs ffmpeg quietly, or copies what it made of the same before; throws with its own words. */
export function ffmpeg(...list: string[]): void {
  const target = list.at(-1) ?? "";
  const recipe = recipeOf(list.slice(0, -1));
  if (!recipe) return void run(list);
  const kept = madeOnce(list.slice(0, -1), { recipe, extension: extname(target) });
  copyFileSync(kept, target);
  reproducible.add(hashOf(readFileSync(kept)));
}

const run = (list: readonly string[]) =>
  execFileSync("ffmpeg", ["-v", "error", "-nostdin", "-y", ...list], { stdio: ["ignore", "ignore", "pipe"] });

const hashOf = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/** Hashes of files that are the same in every run: what was copied from those that are kept. */
const reproducible = new Set<string>();

/**
 * What the outcome follows from: test pictures and tones read no file, and files that are the same in every run stand
 * for their content. Undefined where it follows from anything else, too: from another file or a path in a filter; and
 * for what is repeated, which is quickly copied and large.
 */
function recipeOf(list: readonly string[]): string[] | undefined {
  const recipe: string[] = [];
  for (const [at, each] of list.entries()) {
    const isFile = list[at - 1] === "-i" && list[at - 2] !== "lavfi";
    const hash = isFile && existsSync(each) ? hashOf(readFileSync(each)) : "";
    const isFixed = reproducible.has(hash) || (isFile && dirname(each) === MEDIA);
    // Demuxers go by the extension as well.
    if (isFixed) recipe.push(`${hash}${extname(each)}`);
    else if (isFile || UNKEPT.has(each) || each.includes(tmpdir())) return undefined;
    else recipe.push(each);
  }
  return recipe;
}

const UNKEPT = new Set(["concat", "-stream_loop"]);

const MEDIA = resolve(import.meta.dirname, "../../../examples/media");

/** Kept from run to run, each by the arguments and the ffmpeg that made it, which takes a fifth of a second. */
const KEPT = join(tmpdir(), "mediajob-clips");

const FFMPEG =
  process.env.PATH?.split(":")
    .map((directory) => join(directory, "ffmpeg"))
    .find((path) => existsSync(path)) ?? "ffmpeg";

function madeOnce(
  list: readonly string[],
  { recipe, extension }: { recipe: readonly string[]; extension: string },
): string {
  const { mtimeMs, size } = statSync(FFMPEG);
  const name = hashOf(JSON.stringify([mtimeMs, size, ...recipe, extension]));
  const kept = join(KEPT, `${name}${extension}`);
  if (existsSync(kept)) return kept;
  mkdirSync(KEPT, { recursive: true });
  const made = join(KEPT, `${name}-${process.pid}${extension}`);
  run([...list, made]);
  renameSync(made, kept);
  return kept;
}

/** Two seconds of a moving test picture with a tone, 320 × 180 at 25 fps, H.264 and AAC. */
export function clip(
  path: string,
  {
    size = "320x180",
    rate = "25",
    seconds = 2,
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
    audio = ["-c:a", "aac"],
    more = [],
  }: {
    size?: string;
    rate?: string;
    seconds?: number;
    video?: string[];
    audio?: string[];
    more?: string[];
  } = {},
): string {
  ffmpeg(
    ...["-f", "lavfi", "-i", `testsrc2=s=${size}:r=${rate}:d=${seconds}`],
    ...["-f", "lavfi", "-i", `sine=f=440:r=48000:d=${seconds}`],
    ...[...video, ...audio, ...more, "-shortest", path],
  );
  return path;
}

/** Structural similarity of two videos of equal size, 0 to 1. */
export function similarity(made: string, reference: string, referenceFilter = "null"): number {
  const text = execFileSync(
    "sh",
    [
      "-c",
      'ffmpeg -v info -nostdin -i "$1" -i "$2" -lavfi "[1:v]$3[r];[0:v][r]ssim" -f null - 2>&1',
      "sh",
      made,
      reference,
      referenceFilter,
    ],
    { encoding: "utf8" },
  );
  return Number(/All:([\d.]+)/.exec(text)?.[1]);
}

/** Integrated loudness in LUFS. */
export function integratedLufs(path: string): number {
  const text = execFileSync(
    "sh",
    ["-c", 'ffmpeg -v info -nostdin -i "$1" -map 0:a -af ebur128 -f null - 2>&1', "sh", path],
    {
      encoding: "utf8",
    },
  );
  return Number(/Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS/.exec(text)?.[1]);
}

/** White for 80 ms and a beep of 1 kHz, both at every full second but the first; black and silent between. */
export function flashes(path: string, seconds: number): string {
  const lit = "between(mod(t,1),0,0.079)*gte(t,1)";
  ffmpeg(
    ...["-f", "lavfi", "-i", `color=black:s=160x90:r=25:d=${seconds}`],
    ...["-f", "lavfi", "-i", `aevalsrc='0.5*sin(2*PI*1000*t)*${lit}':s=48000:d=${seconds}`],
    ...["-vf", `drawbox=c=white:t=fill:enable='${lit}'`],
    ...[
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-pix_fmt",
      "yuv420p",
      "-c:a",
      "aac",
      "-b:a",
      "192k",
      path,
    ],
  );
  return path;
}

/** Where the flashes and the beeps of a file begin, and how far each beep is behind its flash, in seconds. */
export function apart(path: string): { flashes: number[]; beeps: number[]; seconds: number[] } {
  const lit = frameTimes(path, "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-")
    .filter(({ value }) => value > 128)
    .map(({ seconds }) => seconds);
  const flashes = lit.filter((seconds, index) => seconds - (lit[index - 1] ?? -1) > 0.5);
  const beeps = onsets(path);
  return { flashes, beeps, seconds: beeps.map((seconds, index) => seconds - (flashes[index] ?? Number.NaN)) };
}

function frameTimes(path: string, filter: string): { seconds: number; value: number }[] {
  const text = execFileSync(
    "ffmpeg",
    ["-v", "error", "-nostdin", "-i", path, "-an", "-vf", filter, "-f", "null", "-"],
    {
      encoding: "utf8",
    },
  );
  return [...text.matchAll(/pts_time:([\d.]+)\n.*?=([\d.]+)/g)].map(([, seconds, value]) => ({
    seconds: Number(seconds),
    value: Number(value),
  }));
}

const SAMPLE_RATE = 48_000;

/** The moments at which sound begins after silence of a tenth of a second, to the sample. */
function onsets(path: string): number[] {
  const found: number[] = [];
  let loudAt = Number.NEGATIVE_INFINITY;
  samples(path).forEach((sample, index) => {
    if (Math.abs(sample) < 3000) return;
    if (index - loudAt > SAMPLE_RATE / 10) found.push(index / SAMPLE_RATE);
    loudAt = index;
  });
  return found;
}

/** The sound of a file as one channel of 16 bits at 48 kHz, from the file's start. */
export function samples(path: string): Int16Array {
  const list = ["-v", "error", "-nostdin", "-i", path, "-vn", "-af", "aresample=async=1:first_pts=0"];
  const bytes = execFileSync("ffmpeg", [...list, "-ac", "1", "-ar", `${SAMPLE_RATE}`, "-f", "s16le", "-"], {
    maxBuffer: 2 ** 28,
  });
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}
