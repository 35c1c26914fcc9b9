import { randomUUID } from "node:crypto";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Metadata, type Sharp, type SharpOptions } from "sharp";
import type { EngineContext, OpenedSource } from "../../engine.ts";
import { WorkFailure } from "../../work-failure.ts";
import { Admission } from "../memory/admission.ts";
import { RUNTIME_BYTES } from "../memory/runtime-memory.ts";
import { type StrangeColours, strangeColours } from "./coded-colours.ts";
import { decodeFailure } from "./decode-failure.ts";
import { embeddedPixels } from "./embedded-pictures.ts";
import { isCutShort } from "./end-marker.ts";
import { heicToPng } from "./heic.ts";
import { type ImageKind, kindOf, otherKindOf, readHead } from "./signature.ts";
import { drawingBytesOf, drawSvg, svgHeader, svgMemoryBytes } from "./svg.ts";
import { timeLimited } from "./time-limit.ts";

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

/**
 * A source whose header was read: known to be an image, of a kind that is opened, within the limits. No pixel
 * has been decoded yet.
 */
export interface ImageSource {
  readonly opened: OpenedSource;
  readonly kind: ImageKind;
  readonly header: Metadata;
  /** Size as seen, after orientation, of one frame. */
  readonly width: number;
  readonly height: number;
  /** Set where colours are others than sRGB's, which no step knows of. A profile tells of them otherwise. */
  readonly strangeColours?: StrangeColours;
  /** Frames of an animation, pages of a document; 1 for a still image. */
  readonly frames: number;
  /** To be awaited before `decode`, with the memory for it at hand: some kinds are made readable first. */
  ready(): Promise<void>;
  /** A new pipeline on the source: its first frame, upright, unless the options say otherwise. None on an SVG. */
  decode(options?: SharpOptions): Sharp;
  /** For an SVG alone, which is drawn and not decoded. */
  drawing?: {
    /** With so many pixels. */
    memoryBytes(pixels: number): number;
    /** Its picture at so many times its size: what takes the place of `decode`. */
    at(scale: number): Promise<ImageSource["decode"]>;
  };
  /** What an error of such a pipeline says about the source. */
  explain(error: unknown): Promise<WorkFailure>;
}

/**
 * Pixels of the largest image, all its frames together: sharp's own bound, 16383 × 16383. A few hundred bytes
 * of PNG can claim to be 30000 × 30000.
 */
export const MAX_PIXELS = 0x3fff * 0x3fff;

/** More bytes of text than that are no drawing but an attack on the XML parser. */
const MAX_SVG_BYTES = 16 * 2 ** 20;

/** For `catch` of a pipeline on a source: throws what its error says about the source. */
export const explained =
  (source: Pick<ImageSource, "explain">) =>
  async (error: unknown): Promise<never> => {
    throw await source.explain(error);
  };

/** What of its surroundings an image needs to be opened. */
export type Surroundings = Pick<EngineContext, "scratchDir" | "limits" | "watchChild">;

/**
 * `admission` holds back what takes memory for its header alone, where several images are in work.
 *
 * @throws WorkFailure UnsupportedFormat, SourceTooLarge, SourceTruncated, SourceCorrupt, MemoryLimitExceeded.
 */
export async function openImage(
  opened: OpenedSource,
  { scratchDir, limits, watchChild }: Surroundings,
  admission = new Admission({ budgetBytes: 0, inFlightMax: 1 }),
): Promise<ImageSource> {
  const what = `source ${opened.source.name} (${opened.source.volume?.path})`;
  const head = await readHead(opened.path);
  const kind = kindOf(head);
  if (!kind) {
    throw new WorkFailure(
      "UnsupportedFormat",
      `${what} is no image but ${otherKindOf(head)}; JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF and SVG are read`,
    );
  }
  const drawingBytes = kind === "svg" ? await refuseLargeSvg(opened, { what, limits }) : 0;
  let input: string | Buffer = await openable(opened.path, scratchDir);
  const explain = async (error: unknown) =>
    decodeFailure(error, { what, kind, cutShort: await isCutShort(opened.path, kind) });
  const decodeOf = (input: string | Buffer, options: SharpOptions) =>
    timeLimited(
      sharp(input, {
        // Broken pixels fail; odd metadata and junk between segments, as many cameras leave, do not.
        failOn: "error",
        limitInputPixels: MAX_PIXELS,
        sequentialRead: true,
        autoOrient: true,
        ...options,
        // ISO 23008-12 turns a picture by its own boxes, which the decoder obeys; what EXIF says is a repetition.
        ...(kind === "heic" && { autoOrient: false }),
      }),
    );
  const decode = (options: SharpOptions = {}) => {
    if (kind === "svg") throw new Error("an SVG is drawn before it is decoded");
    return decodeOf(input, options);
  };
  const svg = { path: opened.path, drawingBytes, pixelsMax: MAX_PIXELS, watchChild };
  let header: Metadata;
  try {
    header =
      kind === "svg"
        ? await admission.run(svgMemoryBytes(drawingBytes), () => svgHeader(svg))
        : await decode().metadata();
  } catch (error) {
    throw await explain(error);
  }
  const { width, height } = header.autoOrient;
  const convert = async () => {
    const { scratchBytes } = limits;
    input = await heicToPng(`${input}`, { what, header, scratchDir, scratchBytes }).catch(async (error) => {
      throw error instanceof WorkFailure ? error : await explain(error);
    });
  };
  let readiness: Promise<void> | undefined;
  const ready = async () => {
    readiness ??= kind === "heic" ? convert() : Promise.resolve();
    await readiness;
  };
  const frames = kind === "heic" ? 1 : (header.pages ?? 1);
  const strange = kind === "avif" || kind === "heic" || kind === "png" ? strangeColours(head) : undefined;
  const drawing: ImageSource["drawing"] = {
    memoryBytes: (pixels) => svgMemoryBytes(drawingBytes, pixels),
    async at(scale) {
      const png = await drawSvg({ ...svg, width, height }, scale);
      return (options = {}) => decodeOf(png, options);
    },
  };
  return {
    ...{ opened, kind, header, width, height, frames, ready, decode, explain },
    ...(kind === "svg" && { drawing }),
    ...(strange && !header.hasProfile && { strangeColours: strange }),
  };
}

/** What drawing an SVG takes, whatever its size. @throws WorkFailure SourceTooLarge, MemoryLimitExceeded. */
async function refuseLargeSvg(
  { path, bytes }: OpenedSource,
  { what, limits }: { what: string; limits: EngineContext["limits"] },
): Promise<number> {
  if (bytes > MAX_SVG_BYTES) {
    throw new WorkFailure(
      "SourceTooLarge",
      `${what} is an SVG of ${bytes} bytes; ${MAX_SVG_BYTES} are allowed`,
    );
  }
  const pixels = (await embeddedPixels(path)).reduce((sum, each) => sum + each, 0);
  if (pixels > MAX_PIXELS) {
    throw new WorkFailure(
      "SourceTooLarge",
      `${what} is an SVG with pictures of ${pixels} pixels within it; ${MAX_PIXELS} are allowed`,
    );
  }
  const drawingBytes = drawingBytesOf(bytes, pixels);
  const neededMemoryBytes = RUNTIME_BYTES + svgMemoryBytes(drawingBytes);
  if (neededMemoryBytes <= limits.memoryBytes) return drawingBytes;
  throw new WorkFailure(
    "MemoryLimitExceeded",
    `${what} is an SVG of ${bytes} bytes, with pictures of ${pixels} pixels within it, and may need ${neededMemoryBytes} bytes of memory to be read, of which the unit has ${limits.memoryBytes}; the next attempt asks for it, or raise spec.resources`,
    { neededMemoryBytes },
  );
}

/**
 * What libvips is given to open. Not the path itself where libvips would read `name.jpg[shrink=2]` as a name with
 * options.
 */
async function openable(path: string, scratchDir: string): Promise<string> {
  if (!path.includes("[")) return path;
  const name = join(scratchDir, randomUUID());
  await symlink(path, name);
  return name;
}
