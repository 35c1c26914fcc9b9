import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Metadata } from "sharp";
import type { SvgRequest } from "./svg-program.ts";
import { SECONDS_MAX, tookTooLong } from "./time-limit.ts";

/**
 * SVGs are drawn by a process of their own. librsvg decodes pictures within a drawing without any bound of pixels, and
 * neither reading nor drawing one can be stopped before it ends; a process can be, and its memory can be limited.
 */

const PROGRAM = join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "svg-program.ts" : "worker-svg.js",
);

/** The program at rest: 71 MiB were measured with sharp 0.35. */
const AT_REST_BYTES = 72 * 2 ** 20;

/** What a drawing may take, whatever it is: fonts, gradients, filters. */
const DRAWING_BYTES = 32 * 2 ** 20;

/** For every byte of an SVG: 58 were measured for rectangles of 28 bytes each. */
const BYTES_PER_BYTE = 64;

/**
 * For every pixel of a picture within it: 11 were measured. With less librsvg leaves such a picture out, and says nothing.
 */
const BYTES_PER_EMBEDDED_PIXEL = 16;

/** For every pixel of the picture: layers, and the PNG. */
const BYTES_PER_PIXEL = 12;

/** libvips rasterises an SVG at so many pixels per inch unless told otherwise. */
const DENSITY = 72;

/** sharp's own bounds of a density. */
const DENSITIES = { least: 1, most: 100_000 } as const;

/** An SVG file, and how large its picture and how long the work on it may be. */
export interface Svg {
  path: string;
  /** What the drawing may take, whatever the size at which it is drawn. */
  drawingBytes: number;
  pixelsMax: number;
  secondsMax?: number;
  /** Counts what the program takes. */
  watchChild: (pid: number) => void;
}

/** What it takes, in the program and here, to draw an SVG with so many pixels; none for its header. */
export const svgMemoryBytes = (drawingBytes: number, pixels = 0): number =>
  AT_REST_BYTES + drawingBytes + pixels * (BYTES_PER_PIXEL + 4);

/** What an SVG of so many bytes may take, with pictures of so many pixels within it. */
export const drawingBytesOf = (bytes: number, embeddedPixels: number): number =>
  DRAWING_BYTES + bytes * BYTES_PER_BYTE + embeddedPixels * BYTES_PER_EMBEDDED_PIXEL;

/** @throws Error with what libvips or librsvg says, or with the limit that was passed. */
export async function svgHeader({ path, drawingBytes, ...limits }: Svg): Promise<Metadata> {
  const header = await ask({ path, memoryBytes: drawingBytes }, limits);
  return JSON.parse(header.toString());
}

/** The picture as PNG, at `scale` times its size. @throws Error as `svgHeader`. */
export async function drawSvg(
  { path, drawingBytes, width, height, ...limits }: Svg & { width: number; height: number },
  scale: number,
): Promise<Buffer> {
  const density = Math.min(DENSITIES.most, Math.max(DENSITIES.least, DENSITY * scale));
  const memoryBytes = Math.ceil(drawingBytes + width * height * (density / DENSITY) ** 2 * BYTES_PER_PIXEL);
  return await ask({ path, density, memoryBytes }, limits);
}

const run = promisify(execFile);

async function ask(
  wanted: Pick<SvgRequest, "path" | "density" | "memoryBytes">,
  { pixelsMax, secondsMax = SECONDS_MAX, watchChild }: Omit<Svg, "path" | "drawingBytes">,
): Promise<Buffer> {
  const request: SvgRequest = { ...wanted, pixelsMax, secondsMax };
  const answer = run(process.execPath, [PROGRAM, JSON.stringify(request)], {
    encoding: "buffer",
    maxBuffer: Number.POSITIVE_INFINITY,
    timeout: secondsMax * 1000,
    killSignal: "SIGKILL",
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
  });
  if (answer.child.pid !== undefined) watchChild(answer.child.pid);
  const { stdout, stderr } = await answer.catch((error) => {
    throw told(error, request);
  });
  // A size that is no number for libvips becomes 1 pixel, with no more than a word of GLib's about it.
  if (stderr.includes("out of range")) throw new Error("its width or height is too large");
  return stdout;
}

/** libvips' own words, or the limit that was passed: what cannot get memory there aborts. */
function told(error: unknown, { memoryBytes, secondsMax }: SvgRequest): Error {
  const program = error as { stderr?: Buffer; killed?: boolean; signal?: string; message: string };
  const { stderr, signal, message } = program;
  const said = stderr?.toString().trim();
  const words = tookTooLong(program)
    ? `timeout after ${secondsMax} s`
    : signal || /memory/i.test(said ?? "")
      ? `drawing it exceeds the limit of ${Math.round(memoryBytes / 2 ** 20)}Mi of memory`
      : said || message;
  return new Error(words, { cause: error });
}
