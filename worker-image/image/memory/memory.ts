import { WorkFailure } from "../../work-failure.ts";
import { paletteOf } from "../encode/quality.ts";
import { isDepthChangedFirst } from "../read/decode-settings.ts";
import { areDeepGreys } from "../read/deep-greys.ts";
import type { ImageSource, Size } from "../read/image-source.ts";
import { type SharedDecode, sharedBytes, shrinkOf, shrinkOnLoad } from "../read/shared-decode.ts";
import { isAnimated, type Rendering } from "../rendering.ts";
import { mayBeOutgrown } from "../steps/tone.ts";
import {
  finishedKey,
  finishedSize,
  isCropped,
  leastEdge,
  overlaySize,
  uncroppedSize,
} from "./finished-size.ts";
import { RUNTIME_BYTES } from "./runtime-memory.ts";

/**
 * What it takes to make a source's renderings, told by headers before any pixel is decoded. Every number here was fitted
 * to peaks measured with sharp 0.35 on the table of test/long/image-memory.test.ts, made by the bundled worker: never
 * below what was used there (1.15 times at least), and at most 2.5 times above.
 */

const MIB = 2 ** 20;

/** Line buffers of one decode. */
const DECODE_BYTES = 24 * MIB;

/** Threads, line buffers and encoder state of one rendering, however small. */
const RENDERING_BYTES = 16 * MIB;

/** What each encoder holds for every pixel of what it writes, its output included. */
const ENCODER_BYTES_PER_PIXEL = { png: 6, webp: 9, avif: 56, gif: 12, tiff: 9 } as const;

/**
 * A JPEG's coefficients are held until the best codes for them are known, those of the colours too where none are left
 * out; and mozjpeg tries several ways to code them.
 */
const JPEG_BYTES_PER_PIXEL = {
  "4:2:0": { plain: 7, mozjpeg: 17 },
  "4:4:4": { plain: 15, mozjpeg: 35 },
} as const;

/** What shows through is coded as a picture of its own, without loss. */
const CLEAR_WEBP_BYTES_PER_PIXEL = 15;

/** While the colours of a palette are chosen: what libimagequant holds of the pixels it looks at, of so many at most. */
const PALETTE = { bytesPerPixel: 26, pixelsMost: 2 ** 22 };

/** A WebP that keeps every pixel, or nearly: all pixels in whole numbers, and several attempts at coding them. */
const LOSSLESS_WEBP_BYTES_PER_PIXEL = 46;

/** An overlay as it was read, and as it is laid on. */
const LAYER_BYTES_PER_PIXEL = 8;

/** What a decoder holds for every pixel at most: AVIF's. */
const DECODER_BYTES_PER_PIXEL_MOST = 20;

/** Pixels with alpha, of 8 bits. */
const KEPT_BYTES_PER_PIXEL = 4;

/** One file that is to be made. */
export interface Making {
  rendering: Rendering;
  /** The source as the rendering sees it. */
  view: ImageSource;
  /** Whether it starts from pixels that others start from too, decodes by itself, or is copied as it is coded. */
  pixels: "shared" | "own" | "copied";
}

/** Bytes for a source's renderings, made all together or one after another. */
export interface Need {
  togetherBytes: number;
  oneByOneBytes: number;
}

/**
 * `shared` are the pixels that some renderings start from; `overlays` the images that are laid on them, by path;
 * `placeholders` the largest files, by output, of which placeholders are drawn once they are there.
 */
export function neededBytes(
  source: ImageSource,
  makings: readonly Making[],
  {
    shared,
    overlays = new Map(),
    placeholders = new Map(),
  }: {
    shared?: SharedDecode | undefined;
    overlays?: Overlays;
    placeholders?: ReadonlyMap<string, Size>;
  } = {},
): Need {
  const outputs = Map.groupBy(makings, ({ rendering }) => rendering.output);
  const drawn = new Map([...placeholders].map(([output, size]) => [output, placeholderBytes(size)]));
  const together = [...new Set([...outputs.keys(), ...drawn.keys()])].map((output) => {
    const batches = batchesOf(outputs.get(output) ?? []).map((batch) => batchBytes(batch, overlays));
    return Math.max(sumOf(batches), drawn.get(output) ?? 0);
  });
  const alone = makings.map((making) => batchBytes([making], overlays));
  const held = shared ? DECODE_BYTES + sharedBytes(shared) : 0;
  const decode = shared ? held + decoderBytes(source, source.width / shared.width) : 0;
  return {
    togetherBytes: Math.max(decode, held + sumOf(together)),
    oneByOneBytes: Math.max(decode, held + Math.max(0, ...alone, ...drawn.values())),
  };
}

/** One decode of a source that is wanted so much smaller, at least. */
export const decodeBytes = (source: ImageSource, shrink = 1): number =>
  DECODE_BYTES + decoderBytes(source, decoderShrink(source, shrink));

function decoderShrink(source: ImageSource, shrink: number): number {
  if (source.kind === "svg") return shrink;
  return source.kind === "webp" ? Math.max(1, shrink) : shrinkOnLoad(source, shrink);
}

/** A file is decoded once more, of whatever format it is. */
const placeholderBytes = (file: Size): number =>
  RENDERING_BYTES + DECODE_BYTES + pixelsOf(file) * DECODER_BYTES_PER_PIXEL_MOST;

type Overlays = ReadonlyMap<string, ImageSource>;

/**
 * Asks for more memory before anything is decoded: the kernel's way of saying no ends the whole unit.
 *
 * @throws WorkFailure MemoryLimitExceeded with the need.
 */
export function refuseTooLarge(
  image: ImageSource,
  needed: number,
  { limitBytes, overlays = new Map() }: { limitBytes: number; overlays?: Overlays },
): void {
  const neededMemoryBytes = Math.ceil((RUNTIME_BYTES + needed) / 2 ** 20) * 2 ** 20;
  if (neededMemoryBytes <= limitBytes) return;
  const [largest] = [...overlays].toSorted(([, a], [, b]) => pixelsOf(b) - pixelsOf(a));
  const laid = largest ? `, with ${largest[0]} laid on it, ${formOf(largest[1])},` : "";
  throw new WorkFailure(
    "MemoryLimitExceeded",
    `source ${image.opened.source.name} is ${formOf(image)}${laid} and needs ${mib(neededMemoryBytes)} of memory, of which the unit has ${mib(limitBytes)}; the next attempt asks for it, or raise spec.resources`,
    { neededMemoryBytes },
  );
}

const formOf = ({ kind, width, height }: ImageSource) => `${kind.toUpperCase()} of ${width} × ${height}`;

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)}Mi`;

/** What the decoder holds by itself. Kinds that decode in lines hold little, those that cannot hold frames. */
function decoderBytes(source: ImageSource, shrink: number): number {
  const { kind, header, width, height } = source;
  const pixels = width * height;
  const frameBytes = pixels * header.channels * bytesOfSample(source);
  // Rotating and mirroring need all of it, once the decoder has shrunk it.
  const turnedBytes = (header.orientation ?? 1) > 2 ? frameBytes / shrink ** 2 : 0;
  if (areDeepGreys(source)) return turnedBytes + frameBytes + pixels * KEPT_BYTES_PER_PIXEL * 2;
  switch (kind) {
    case "jpeg":
      return turnedBytes + (header.isProgressive ? pixels * 6 : 0); // all coefficients, 16 bits each
    case "png":
      return turnedBytes + (header.isProgressive ? frameBytes * 2 : 0); // Adam7 comes out of order
    case "webp":
      return turnedBytes + pixels * (shrink > 1 ? 5 : 8); // a lossless one is decoded whole before it shrinks
    case "avif":
    case "heic":
      return turnedBytes + pixels * DECODER_BYTES_PER_PIXEL_MOST;
    case "gif":
      return turnedBytes + pixels * 12;
    case "tiff":
      return turnedBytes + frameBytes;
    case "svg":
      return source.drawing?.memoryBytes(pixels / shrink ** 2) ?? 0;
  }
}

/** Renderings that are encoded from the same finished pixels, so that all before is done once. */
function batchesOf(makings: readonly Making[]): Making[][] {
  const batches = new Map<string | Making, Making[]>();
  for (const making of makings) {
    const key = finishedKey(making.rendering, making.view) ?? making;
    batches.set(key, [...(batches.get(key) ?? []), making]);
  }
  return [...batches.values()];
}

function batchBytes(batch: readonly Making[], overlays: Overlays): number {
  const [first] = batch;
  if (!first) return 0;
  if (first.pixels === "copied") return copyBytes(first.view);
  const { rendering, view } = first;
  const drawn = overlaysOf(rendering, view, overlays);
  const shrink = isDepthChangedFirst(view, rendering) ? 1 : shrinkOf(view, rendering);
  const decode = first.pixels === "own" ? decodeBytes(view, shrink) : 0;
  return (
    Math.max(decode, drawn.decodeBytes) +
    drawn.layerBytes +
    wholeBytes(first) +
    keptBytes(first) +
    keptOnWayBytes(first) +
    sumOf(batch.map(encoderBytes))
  );
}

/** The file as it was, as it will be, and as it is put together; and a decode, to see whether it is sound. */
const copyBytes = (source: ImageSource): number =>
  decodeBytes(source, 8) + RENDERING_BYTES + source.opened.bytes * 3;

const encoderBytes = ({ rendering, view }: Making): number =>
  RENDERING_BYTES +
  view.width * 4 * 64 + // lines
  paletteBytes(rendering, view) +
  pixelsOf(finishedSize(view, rendering)) *
    framesOf({ rendering, view }) *
    encoderBytesPerPixel(rendering, view) *
    (isDeep(rendering) ? 2 : 1);

function paletteBytes({ format, settings, ...wanted }: Rendering, view: ImageSource): number {
  const isOfPng =
    format === "png" && settings.bitDepth !== 16 && paletteOf(settings, settings.quality) !== undefined;
  const isChosen = format === "gif" || isOfPng;
  const pixels = isChosen ? pixelsOf(finishedSize(view, { format, settings, ...wanted })) : 0;
  return Math.min(pixels, PALETTE.pixelsMost) * PALETTE.bytesPerPixel;
}

function encoderBytesPerPixel({ format, settings }: Rendering, { header }: ImageSource): number {
  if (format === "webp" && (settings.lossless || settings.nearLossless)) return LOSSLESS_WEBP_BYTES_PER_PIXEL;
  const mayBeClear = header.hasAlpha || settings.fit === "contain" || settings.rotate || settings.shape;
  if (format === "webp" && mayBeClear && !settings.flatten) return CLEAR_WEBP_BYTES_PER_PIXEL;
  if (format !== "jpeg") return ENCODER_BYTES_PER_PIXEL[format];
  const { chromaSubsampling = "4:2:0", mozjpeg = false } = settings;
  return JPEG_BYTES_PER_PIXEL[chromaSubsampling][mozjpeg ? "mozjpeg" : "plain"];
}

/** What several encodes start from, or what works on finished pixels, holds these. */
function keptBytes({ rendering, view }: Making): number {
  const { settings } = rendering;
  const isKept =
    finishedKey(rendering, view) !== undefined ||
    settings.overlays !== undefined ||
    settings.shape !== undefined ||
    settings.rotate !== undefined;
  return isKept ? pixelsOf(finishedSize(view, rendering)) * 12 : 0;
}

/**
 * Pixels that are kept on their way, where a step has to know how large they are, takes them upright, or takes 8 bits
 * without alpha, and where they change their depth before anything else.
 */
function keptOnWayBytes({ rendering, view, pixels }: Making): number {
  const { trim, upscale, clahe, bitDepth } = rendering.settings;
  const finished = pixelsOf(finishedSize(view, rendering));
  const isOutgrown = mayBeOutgrown(rendering.settings, { leastEdge: leastEdge(view, rendering) });
  const isTurned = pixels === "own" && (view.header.orientation ?? 1) > 1;
  const wholes = trim ? Number(upscale !== undefined) + Number(isTurned) : 0;
  const isChanged = pixels === "own" && isDepthChangedFirst(view, rendering);
  const sized = pixelsOf(view) * (wholes + Number(isChanged)) + (isOutgrown ? finished : 0);
  const shallow = clahe ? finished * 2 : 0; // before and after, where there is alpha
  return (sized * (bitDepth === 16 ? 2 : 1) + shallow) * KEPT_BYTES_PER_PIXEL;
}

/** What is held as a whole between the decoder and the encoder. Pixels that are shared are at hand anyway. */
function wholeBytes({ rendering, view, pixels }: Making): number {
  if (pixels === "shared") return 0;
  const held = rendering.settings.trim // in the source's own pixels, from which the rest is taken
    ? pixelsOf(view)
    : needsWhole(view, rendering)
      ? pixelsOf(uncroppedSize(view, rendering)) * framesOf({ rendering, view })
      : 0;
  return held * view.header.channels * Math.max(bytesOfSample(view), isDeep(rendering) ? 2 : 1);
}

/** Steps that look at resized pixels more than once, or in another order than a decoder gives them. */
function needsWhole(view: ImageSource, rendering: Rendering): boolean {
  const { flip, flop, position, extend, blur, normalise, clahe } = rendering.settings;
  const isLookedAt = position === "attention" || position === "entropy";
  return (
    flip === true ||
    flop === true ||
    (isCropped(rendering) && (isLookedAt || isAnimated(view, rendering))) ||
    (extend !== undefined && extend.extendWith !== "background") ||
    blur !== undefined ||
    normalise !== undefined ||
    clahe !== undefined
  );
}

/** What is laid on a rendering: decoded one after another, held all together. */
function overlaysOf({ settings, ...wanted }: Rendering, view: ImageSource, overlays: Overlays) {
  const base = finishedSize(view, { settings, ...wanted });
  const layers = (settings.overlays ?? []).map(({ image, text }) => {
    const source = image && overlays.get(image.path);
    // A letter takes a square of its size: it is narrower, and there is space between lines and at their ends.
    if (!source) return { pixels: text ? text.text.length * text.size ** 2 : 0, decodeBytes: 0 };
    const { width, height } = overlaySize(source, { base, width: image.width });
    return {
      pixels: width * height,
      decodeBytes: decodeBytes(source, Math.min(source.width / width, source.height / height)),
    };
  });
  return {
    layerBytes: sumOf(layers.map(({ pixels }) => pixels)) * LAYER_BYTES_PER_PIXEL,
    decodeBytes: Math.max(0, ...layers.map(({ decodeBytes }) => decodeBytes)),
  };
}

const framesOf = ({ rendering, view }: Pick<Making, "rendering" | "view">): number =>
  isAnimated(view, rendering) ? view.frames : 1;

/** More than 8 bits a sample are worked on. */
const isDeep = ({ settings }: Rendering): boolean =>
  settings.bitDepth === 16 || settings.colourspace === "p3";

const bytesOfSample = ({ header }: ImageSource): number =>
  header.depth === "uchar" ? 1 : header.depth === "ushort" ? 2 : 4;

const pixelsOf = ({ width, height }: Size): number => width * height;

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
