import { randomUUID } from "node:crypto";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Metadata, type Sharp, type SharpOptions } from "sharp";
import type { OpenedSource } from "../engine.ts";
import { WorkFailure } from "../work-failure.ts";
import { decodeFailure } from "./decode-failure.ts";
import { isCutShort } from "./end-marker.ts";
import { type ImageKind, kindOf, otherKindOf, readHead } from "./signature.ts";

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
  /** Frames of an animation, pages of a document; 1 for a still image. */
  readonly frames: number;
  /** A new pipeline on the source: its first frame, upright, unless the options say otherwise. */
  decode(options?: SharpOptions): Sharp;
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

/** @throws WorkFailure UnsupportedFormat, SourceTooLarge, SourceTruncated, SourceCorrupt. */
export async function openImage(opened: OpenedSource, scratchDir: string): Promise<ImageSource> {
  const what = `source ${opened.source.name} (${opened.source.volume?.path})`;
  const head = await readHead(opened.path);
  const kind = kindOf(head);
  if (!kind) {
    throw new WorkFailure(
      "UnsupportedFormat",
      `${what} is no image but ${otherKindOf(head)}; JPEG, PNG, WebP, AVIF, GIF, TIFF and SVG are read`,
    );
  }
  const input = await openable(opened, { kind, what, scratchDir });
  const explain = async (error: unknown) =>
    decodeFailure(error, { what, kind, cutShort: await isCutShort(opened.path, kind) });
  const decode = (options: SharpOptions = {}) =>
    sharp(input, {
      // Broken pixels fail; odd metadata and junk between segments, as many cameras leave, do not.
      failOn: "error",
      limitInputPixels: MAX_PIXELS,
      sequentialRead: true,
      autoOrient: true,
      ...options,
    });
  let header: Metadata;
  try {
    header = await decode().metadata();
  } catch (error) {
    throw await explain(error);
  }
  const { width, height } = header.autoOrient;
  return { opened, kind, header, width, height, frames: header.pages ?? 1, decode, explain };
}

/**
 * What libvips is given to open. Not the path itself: libvips reads `name.jpg[shrink=2]` as a name with
 * options. An SVG goes in as bytes, since one that is opened by name may show the files beside it.
 */
async function openable(
  { path, bytes }: OpenedSource,
  { kind, what, scratchDir }: { kind: ImageKind; what: string; scratchDir: string },
): Promise<string | Buffer> {
  if (kind === "svg") {
    if (bytes > MAX_SVG_BYTES) {
      throw new WorkFailure(
        "SourceTooLarge",
        `${what} is an SVG of ${bytes} bytes; ${MAX_SVG_BYTES} are allowed`,
      );
    }
    return await readFile(path);
  }
  const name = join(scratchDir, randomUUID());
  await symlink(path, name);
  return name;
}
