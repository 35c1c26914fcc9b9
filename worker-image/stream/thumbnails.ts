import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { StreamOutput } from "../../crds/outputs/stream.ts";
import { type Cue, thumbnailsTrack } from "../frames/web-vtt.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import { toneMapFilters } from "../video/picture/filters.ts";
import type { Size } from "../video/picture/geometry.ts";
import type { Rendition } from "../video/rendition.ts";
import type { Thumbnails } from "./stream.ts";

/** Sheets of small pictures for the seek bar, made in the same run as the renditions, out of the smallest of them. */

export interface ThumbnailSheets {
  cell: Size;
  columns: number;
  rows: number;
  everySeconds: number;
}

/** The largest grid of a sheet: 100 pictures of 160 × 90 are some 300 kB. */
const MAX_SIDE = 10;

/** DASH knows one grid for all sheets: a stream too short to fill one gets one that fits. */
export function planThumbnails(
  wish: NonNullable<StreamOutput["thumbnails"]>,
  { picture, seconds }: { picture: Size; seconds: number | null },
): ThumbnailSheets {
  const count = seconds === null ? MAX_SIDE ** 2 : countOf(seconds, wish.everySeconds);
  const columns = Math.min(MAX_SIDE, count);
  const width = Math.min(wish.width, picture.width);
  return {
    cell: { width: even(width), height: even((width * picture.height) / picture.width) },
    columns,
    rows: Math.min(MAX_SIDE, Math.ceil(count / columns)),
    everySeconds: wish.everySeconds,
  };
}

const even = (value: number): number => Math.max(2, Math.round(value / 2) * 2);

/** A picture at each multiple of the interval, the first at 0; none for what is less than a frame. */
const countOf = (seconds: number, everySeconds: number): number =>
  Math.max(1, Math.ceil((seconds - 0.01) / everySeconds));

/**
 * The frame that is shown at each multiple of the interval, again where one is shown for longer, scaled and laid on
 * sheets. JPEG knows no HDR, and no other matrix than BT.601 (JFIF).
 */
export function sheetFilters(
  { cell, columns, rows, everySeconds }: ThumbnailSheets,
  { keepsHdr, picture }: Pick<Rendition, "keepsHdr" | "picture">,
): string {
  const { dynamicRange } = picture;
  return [
    `fps=1/${everySeconds}:start_time=0:round=up`,
    ...toneMapFilters({
      toneMapFrom: keepsHdr && dynamicRange !== "SDR" ? dynamicRange : undefined,
      pixelFormat: "yuv420p",
    }),
    `scale=${cell.width}:${cell.height}:flags=area:out_color_matrix=bt601:out_range=pc`,
    "format=yuvj420p",
    "setsar=1",
    `tile=${columns}x${rows}`,
  ].join(",");
}

const sheetName = (at: number): string => `thumbnails-${`${at + 1}`.padStart(3, "0")}.jpg`;

/** Arguments of the output that writes the sheets to `directory`, each name behind `prefix`. */
export function sheetArguments({ directory, prefix }: { directory: string; prefix: string }): string[] {
  const pattern = join(directory, prefix).replaceAll("%", "%%");
  return [
    ...["-c:v", "mjpeg", "-q:v", "4", "-pix_fmt:v", "yuvj420p", "-fps_mode:v", "passthrough"],
    ...["-f", "image2", "-start_number", "1", `file:${pattern}thumbnails-%03d.jpg`],
  ];
}

/** The sheets that were made, each opened. @throws MediaFailure VerificationFailed. */
export async function verifySheets(
  { cell, columns, rows, everySeconds }: ThumbnailSheets,
  { durationSeconds, staged }: { durationSeconds: number; staged: (fileName: string) => string },
): Promise<Thumbnails> {
  const { sizeOf } = await import("../frames/sheet.ts"); // libvips, which streams without sheets do not need
  const count = Math.ceil(countOf(durationSeconds, everySeconds) / (columns * rows));
  const sheets: { fileName: string; bytes: number }[] = [];
  for (let at = 0; at < count; at++) {
    const fileName = sheetName(at);
    const { width, height } = await sizeOf(staged(fileName)).catch((error: Error) => {
      throw new MediaFailure("VerificationFailed", `the sheet ${fileName} does not open: ${error.message}`);
    });
    if (width !== cell.width * columns || height !== cell.height * rows) {
      throw new MediaFailure(
        "VerificationFailed",
        `the sheet ${fileName} is ${width}×${height}, not ${cell.width * columns}×${cell.height * rows}`,
      );
    }
    sheets.push({ fileName, bytes: (await stat(staged(fileName))).size });
  }
  return { sheets, cell, columns, rows, everySeconds };
}

/** The WebVTT track that players of HLS show above the seek bar. */
export function sheetTrack(thumbnails: Thumbnails, durationSeconds: number): string {
  const { sheets, cell, columns, rows, everySeconds } = thumbnails;
  const count = countOf(durationSeconds, everySeconds);
  const cues = Array.from({ length: count }, (_, at): Cue => {
    const inSheet = at % (columns * rows);
    return {
      fromSeconds: at * everySeconds,
      toSeconds: Math.min(durationSeconds, (at + 1) * everySeconds),
      sheet: sheets[Math.floor(at / (columns * rows))]?.fileName ?? "",
      x: (inSheet % columns) * cell.width,
      y: Math.floor(inSheet / columns) * cell.height,
      ...cell,
    };
  });
  return thumbnailsTrack(cues);
}
