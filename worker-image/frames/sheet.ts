import sharp, { type Sharp } from "sharp";
import type { FramesOutput } from "../../crds/outputs/frames.ts";
import type { Size } from "../video/picture/geometry.ts";
import type { TakenFrame } from "./extraction.ts";
import { cellsOf, sheetSize } from "./sheet-size.ts";

/** Turns frames into finished pictures. */

export const EXTENSIONS = { jpeg: "jpg", png: "png", webp: "webp", gif: "gif" } as const;

type Look = Pick<FramesOutput, "format" | "quality">;

function encoded(picture: Sharp, { format, quality }: Look): Sharp {
  switch (format) {
    case "jpeg":
      return picture.jpeg({ quality, mozjpeg: true });
    case "webp":
      return picture.webp({ quality });
    case "png":
      return picture.png({ compressionLevel: 9 });
    case "gif":
      return picture.gif();
  }
}

export async function writePicture(from: string, to: string, look: Look): Promise<Size> {
  const { width, height } = await encoded(sharp(from), look).toFile(to);
  return { width, height };
}

/** Tiles frames of one size onto a sheet, row by row. */
export async function writeSheet(
  frames: readonly TakenFrame[],
  to: string,
  { columns, cell, look }: { columns: number; cell: Size; look: Look },
): Promise<Size> {
  const used = Math.min(columns, frames.length);
  const cells = cellsOf(frames.length, { columns: used, cell });
  const sheet = sharp({
    create: {
      ...sheetSize(frames.length, { columns, cell }),
      channels: 3,
      background: "#000000",
    },
  }).composite(
    frames.map(({ path }, at) => ({ input: path, left: cells[at]?.x ?? 0, top: cells[at]?.y ?? 0 })),
  );
  const { width, height } = await encoded(sheet, look).toFile(to);
  return { width, height };
}

/** One animated WebP or GIF that shows each frame for `frameSeconds` and starts again. */
export async function writeAnimation(
  frames: readonly TakenFrame[],
  to: string,
  { frameSeconds, quality, format }: Look & { frameSeconds: number },
): Promise<Size> {
  const delay = frames.map(() => Math.round(frameSeconds * 1000));
  const paths = frames.map(({ path }) => path);
  const animation = paths.length === 1 ? sharp(paths[0]) : sharp(paths, { join: { animated: true } });
  const shown = { loop: 0, delay };
  await (format === "gif" ? animation.gif(shown) : animation.webp({ ...shown, quality })).toFile(to);
  return sizeOf(to);
}

/** Opens a finished picture: its size, that of one frame where it is animated. */
export async function sizeOf(path: string): Promise<Size> {
  const { width, height, pageHeight } = await sharp(path).metadata();
  return { width, height: pageHeight ?? height };
}
