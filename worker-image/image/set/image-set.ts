import { posix } from "node:path";
import { parseVolumeUri } from "../../../crds/naming.ts";
import type { MadeOutput } from "../../../crds/result.ts";
import { FILE_KINDS } from "../rendering.ts";

/** What a template engine needs for a `<picture>`: every file with its size and hash, and the placeholders. */
export interface ImageSetDescription {
  source: string;
  output: string;
  images: {
    /** Relative to the description. */
    file: string;
    format: string;
    type: string;
    width: number;
    height: number;
    bytes: number;
    sha256: string;
  }[];
  /** One attribute value a format, widest first, ready for `<source srcset>`. */
  srcset: Record<string, string>;
  placeholders: Record<string, string>;
}

/** Describes the files of one output of one source. A file that was kept and never opened is left out. */
export function describeSet(
  { source, output, at }: { source: string; output: string; at: string },
  made: readonly MadeOutput[],
  placeholders: Record<string, string>,
): ImageSetDescription {
  const images = made.flatMap(({ uri, format, width, height, bytes, sha256 }) => {
    const path = parseVolumeUri(uri)?.path;
    if (!path || !format || !width || !height || !bytes || !sha256 || !isFormat(format)) return [];
    const file = posix.relative(posix.dirname(at), path);
    return [{ file, format, type: FILE_KINDS[format].mime, width, height, bytes, sha256 }];
  });
  images.sort((a, b) => b.width - a.width || a.format.localeCompare(b.format));
  const srcset: Record<string, string> = {};
  const told = new Set<string>();
  for (const { file, format, width } of images) {
    // Trimming may leave less than several widths ask for, without enlargement; HTML takes a width once.
    if (told.has(`${format} ${width}`)) continue;
    told.add(`${format} ${width}`);
    const entry = `${file.split("/").map(encodeURIComponent).join("/")} ${width}w`;
    srcset[format] = srcset[format] === undefined ? entry : `${srcset[format]}, ${entry}`;
  }
  return { source, output, images, srcset, placeholders };
}

const isFormat = (format: string): format is keyof typeof FILE_KINDS => Object.hasOwn(FILE_KINDS, format);
