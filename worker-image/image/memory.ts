import { WorkFailure } from "../work-failure.ts";
import { finishedSize } from "./finished-size.ts";
import type { ImageSource } from "./image-source.ts";
import type { Rendering } from "./rendering.ts";
import { type SharedDecode, sharedBytes, shrinkOf, shrinkOnLoad } from "./shared-decode.ts";

/**
 * What it takes to make a source's renderings, told by its header before any pixel is decoded. Every number
 * here was fitted to peaks measured with sharp 0.35 on the table of
 * test/long/image-memory.test.ts, made by the bundled worker: never below what was used there (1.17 times at least), and
 * at most 2.5 times above.
 */

const MIB = 2 ** 20;

/**
 * Node, sharp and libvips at rest, with what glibc keeps of memory that was given back, under the crds'
 * WORKER_RUNTIME_ENV: the smallest units measured took 73 MiB as they are bundled for a pod, 106 as they lie in the
 * repository, where Node takes the types out first; their decode and encoder included.
 */
export const RUNTIME_BYTES = 80 * MIB;

/** Line buffers of one decode. */
const DECODE_BYTES = 24 * MIB;

/** Threads, line buffers and encoder state of one rendering, however small. */
const RENDERING_BYTES = 16 * MIB;

/** What each encoder holds for every pixel of what it writes, its output included. */
const ENCODER_BYTES_PER_PIXEL = { jpeg: 7, png: 6, webp: 9, avif: 56, gif: 12, tiff: 9 } as const;

/** Bytes for a source's renderings, made all together or one after another. */
export interface Need {
  togetherBytes: number;
  oneByOneBytes: number;
}

/**
 * `shared` are the pixels that all renderings start from, where not each decodes by itself; `untouched` those of the
 * renderings that are copied as they are coded.
 */
export function neededBytes(
  source: ImageSource,
  renderings: readonly Rendering[],
  {
    shared,
    untouched = new Set(),
  }: { shared?: SharedDecode | undefined; untouched?: ReadonlySet<Rendering> } = {},
): Need {
  const shrinks = renderings.map((rendering) => decoderShrink(source, rendering));
  const shrink = Math.min(...shrinks, shared ? source.width / shared.width : (shrinks[0] ?? 1));
  const decode = DECODE_BYTES + decoderBytes(source, shrink);
  const makings = renderings.map((rendering) =>
    untouched.has(rendering) ? copyBytes(source) : renderingBytes(source, rendering),
  );
  const all = makings.reduce((sum, bytes) => sum + bytes, 0);
  const largest = Math.max(0, ...makings);
  if (shared) {
    const bytes = sharedBytes(shared);
    const held = DECODE_BYTES + bytes;
    return {
      togetherBytes: Math.max(decode + bytes, held + all),
      oneByOneBytes: Math.max(decode + bytes, held + largest),
    };
  }
  // Formats of one size come from one decode.
  const decodes = new Set(renderings.map(({ output, width, height }) => `${output} ${width} ${height}`)).size;
  return { togetherBytes: decode * Math.max(1, decodes) + all, oneByOneBytes: decode + largest };
}

/**
 * Asks for more memory before anything is decoded: the kernel's way of saying no ends the whole unit.
 *
 * @throws WorkFailure MemoryLimitExceeded with the need.
 */
export function refuseTooLarge(image: ImageSource, needed: number, limitBytes: number): void {
  const neededMemoryBytes = Math.ceil((RUNTIME_BYTES + needed) / 2 ** 20) * 2 ** 20;
  if (neededMemoryBytes <= limitBytes) return;
  const { width, height, opened, kind } = image;
  throw new WorkFailure(
    "MemoryLimitExceeded",
    `source ${opened.source.name} is ${kind.toUpperCase()} of ${width} × ${height} and needs ${mib(neededMemoryBytes)} of memory, of which the unit has ${mib(limitBytes)}; the next attempt asks for it, or raise spec.resources`,
    { neededMemoryBytes },
  );
}

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)}Mi`;

/** By how much a decoder shrinks: JPEG in steps of two, WebP by anything. */
const decoderShrink = (source: ImageSource, rendering: Rendering): number =>
  source.kind === "webp" ? Math.max(1, shrinkOf(source, rendering)) : shrinkOnLoad(source, rendering);

/** What the decoder holds by itself. Kinds that decode in lines hold little, those that cannot hold frames. */
function decoderBytes({ kind, header, width, height }: ImageSource, shrink: number): number {
  const pixels = width * height;
  const sampleBytes = header.depth === "uchar" ? 1 : header.depth === "ushort" ? 2 : 4;
  const frameBytes = pixels * header.channels * sampleBytes;
  // Rotating and mirroring need all of it, once the decoder has shrunk it.
  const turnedBytes = (header.orientation ?? 1) > 2 ? frameBytes / shrink ** 2 : 0;
  switch (kind) {
    case "jpeg":
      return turnedBytes + (header.isProgressive ? pixels * 6 : 0); // all coefficients, 16 bits each
    case "png":
      return turnedBytes + (header.isProgressive ? frameBytes * 2 : 0); // Adam7 comes out of order
    case "webp":
      return turnedBytes + pixels * (shrink > 1 ? 5 : 8); // a lossless one is decoded whole before it shrinks
    case "avif":
    case "heic":
      return turnedBytes + pixels * 20;
    case "gif":
      return turnedBytes + pixels * 12;
    case "tiff":
      return turnedBytes + frameBytes;
    case "svg":
      return pixels * 4; // drawn in tiles
  }
}

/** The file as it was, as it will be, and as it is put together. */
const copyBytes = ({ opened }: ImageSource): number => RENDERING_BYTES + opened.bytes * 3;

/** Encoders that look at a whole image hold it; what works on finished pixels holds these as well. */
function renderingBytes(source: ImageSource, rendering: Rendering): number {
  const { settings, format } = rendering;
  const { width, height } = finishedSize(source, rendering);
  const frames = settings.animated ? source.frames : 1;
  const isKept =
    settings.overlays !== undefined ||
    settings.shape !== undefined ||
    settings.maxBytes !== undefined ||
    settings.rotate !== undefined;
  // The formats of one size are made from the same finished pixels.
  const keptBytes = isKept ? 12 : settings.formats ? 12 / (1 + settings.formats.length) : 0;
  const deep = settings.bitDepth === 16 || settings.colourspace === "p3" ? 2 : 1;
  const wholeBytes = needsWhole(rendering) ? source.width * source.height * source.header.channels * deep : 0;
  const lineBytes = source.width * 4 * 64;
  const pixels = width * height * frames;
  return (
    RENDERING_BYTES + lineBytes + wholeBytes + pixels * (ENCODER_BYTES_PER_PIXEL[format] * deep + keptBytes)
  );
}

/** Steps that look at pixels more than once, or in another order than they are stored in. */
const needsWhole = ({ settings }: Rendering): boolean =>
  settings.trim !== undefined ||
  settings.flip === true ||
  settings.flop === true ||
  settings.normalise !== undefined;
