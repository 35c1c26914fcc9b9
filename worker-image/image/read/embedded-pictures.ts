import { readFile } from "node:fs/promises";
import sharp from "sharp";

/** As much of a picture as its header is looked for in. */
const HEAD_BYTES = 2 ** 18;

const DATA_URI = /data:image\/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)/g;

/**
 * Pixels of each picture that an SVG holds as a data URI, by its header: a kilobyte may stand for millions. What
 * cannot be read is left out, as it is of the drawing.
 */
export async function embeddedPixels(path: string): Promise<number[]> {
  const text = await readFile(path, "latin1");
  const pixels: number[] = [];
  for (const [, base64 = ""] of text.matchAll(DATA_URI)) {
    const head = Buffer.from(base64.slice(0, HEAD_BYTES), "base64");
    const header = await sharp(head, { limitInputPixels: false })
      .metadata()
      .catch(() => undefined);
    if (header && header.format !== "svg") pixels.push(header.width * header.height);
  }
  return pixels;
}
