import type { FramesOutput } from "../../crds/outputs/frames.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type { Size } from "../video/picture/geometry.ts";

/** Where frames lie on sheets, and how large those become. Pure. */

interface Grid {
  columns: number;
  cell: Size;
}

/** Where each frame lies on a sheet of `columns`, row by row. */
export function cellsOf(count: number, { columns, cell }: Grid) {
  return Array.from({ length: count }, (_, at) => ({
    x: (at % columns) * cell.width,
    y: Math.floor(at / columns) * cell.height,
  }));
}

/** The size of a sheet that is no wider than its frames fill it. */
export function sheetSize(count: number, { columns, cell }: Grid): Size {
  const used = Math.min(columns, count);
  return { width: used * cell.width, height: Math.ceil(count / used) * cell.height };
}

/** Frames on a sprite sheet: as many rows as columns. */
export const spriteFrames = (columns: number): number => columns * columns;

/** Pixels of the longest side that an encoder takes; measured with those that sharp has. */
const LONGEST_SIDE: Partial<Record<FramesOutput["format"], number>> = { jpeg: 65_500, webp: 16_383 };

/** Pixels of the largest picture that sharp makes, and would open again. */
const MOST_PIXELS = 16_383 ** 2;

/**
 * Asked before any frame is taken: an encoder says so of a finished sheet alone.
 *
 * @throws MediaFailure InvalidOutputSpec.
 */
export function refuseTooLarge(
  count: number,
  { layout, columns, format }: Pick<FramesOutput, "layout" | "columns" | "format">,
  cell: Size,
): void {
  if (count === 0 || (layout !== "Sprite" && layout !== "ContactSheet")) return;
  const frames = layout === "Sprite" ? Math.min(count, spriteFrames(columns)) : count;
  const size = sheetSize(frames, { columns, cell });
  const limit = limitOf(format, size);
  if (limit === undefined) return;
  throw new MediaFailure(
    "InvalidOutputSpec",
    `${frames} frames of ${cell.width}×${cell.height} in ${columns} columns make a sheet of ${size.width}×${size.height} pixels, and ${limit}; take fewer or smaller frames, other columns or another format`,
  );
}

/** The limit that such a sheet is above, in words. */
function limitOf(format: FramesOutput["format"], { width, height }: Size): string | undefined {
  const side = LONGEST_SIDE[format];
  if (side !== undefined && Math.max(width, height) > side) return `${format} takes ${side} a side at most`;
  return width * height > MOST_PIXELS ? `no sheet has more than ${MOST_PIXELS} pixels in all` : undefined;
}
