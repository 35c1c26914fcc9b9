import sharp, { type Sharp } from "sharp";

/** Pictures made for tests: small, and such that every corner, turn and colour can be told from the pixels. */

export type Colour = [number, number, number];

/** The colours of `quadrants`, clockwise from the top left. */
export const RED: Colour = [220, 40, 30];
export const GREEN: Colour = [40, 180, 60];
export const BLUE: Colour = [30, 60, 200];
export const YELLOW: Colour = [230, 210, 40];

/** Four coloured quarters: red, green on top, yellow, blue below. */
export function quadrants(width = 120, height = 80) {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isLeft = x < width / 2;
      const colour = y < height / 2 ? (isLeft ? RED : GREEN) : isLeft ? YELLOW : BLUE;
      data.set(colour, (y * width + x) * 3);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Noise, which no encoder makes small or quick. The same at every call: it is seeded. */
export function noise(width: number, height: number, channels: 3 | 4 = 3) {
  const data = Buffer.alloc(width * height * channels);
  let state = 0x9e3779b9;
  for (let index = 0; index < data.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[index] = state >>> 24;
  }
  return sharp(data, { raw: { width, height, channels } });
}

/** A smooth picture with some detail, as photos are; `megapixels` at 3:2, both edges multiples of 16. */
export async function photo(megapixels: number) {
  const width = Math.round(Math.sqrt(megapixels * 1e6 * 1.5) / 16) * 16;
  const height = Math.round((width * 2) / 3 / 16) * 16;
  const coarse = await noise(Math.ceil(width / 24), Math.ceil(height / 24))
    .png()
    .toBuffer();
  const grain = await noise(256, 256, 4).png().toBuffer();
  return sharp(coarse)
    .resize(width, height, { fit: "fill", kernel: "cubic" })
    .composite([
      { input: await sharp(grain).ensureAlpha(0.1).png().toBuffer(), tile: true, blend: "soft-light" },
    ]);
}

/** The colour at a place, given as shares of width and height. */
export async function colourAt(file: string | Buffer, across: number, down: number): Promise<number[]> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const x = Math.min(info.width - 1, Math.floor(info.width * across));
  const y = Math.min(info.height - 1, Math.floor(info.height * down));
  const start = (y * info.width + x) * info.channels;
  return [...data.subarray(start, start + info.channels)];
}

/** CIE 1976 difference of two sRGB colours; 2.3 is just noticeable. */
export function deltaE(a: readonly number[], b: readonly number[]): number {
  const [first, second] = [lab(a), lab(b)];
  return Math.hypot(...first.map((value, index) => value - (second[index] ?? 0)));
}

/** IEC 61966-2-1 to CIE XYZ (D65) to CIE L*a*b*. */
function lab([red = 0, green = 0, blue = 0]: readonly number[]): number[] {
  const [r, g, b] = [red, green, blue].map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Colour;
  const [x, y, z] = [
    (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
    0.2126 * r + 0.7152 * g + 0.0722 * b,
    (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
  ].map((value) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116)) as Colour;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** SVG as drawing programs write it: a gradient, and thousands of strokes in all colours on it. */
export function drawing({ width, height }: { width: number; height: number }): string {
  const strokes = Array.from({ length: 2000 }, (_, index) => {
    // Multiples of an irrational number, without their whole part, lie everywhere and look like chance.
    const at = (irrational: number, most: number) => Math.floor(((index * irrational) % 1) * most);
    const start = `M${at(Math.SQRT2, width)} ${at(Math.PI, height)}`;
    const curve = `q${at(Math.E, 90)} ${at(Math.LN2, 90)} ${at(Math.LN10, 200) - 100} ${at(Math.LOG2E, 200) - 100}`;
    return `<path d="${start}${curve}" stroke="hsl(${index % 360},60%,50%)" stroke-width="${1 + (index % 4)}"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    '<defs><radialGradient id="g"><stop offset="0" stop-color="#fff"/><stop offset="1" stop-color="#05a"/></radialGradient></defs>',
    `<rect width="${width}" height="${height}" fill="url(#g)"/><g fill="none">${strokes.join("")}</g></svg>`,
  ].join("");
}

/** A TIFF of two pages, as scanners write them, each of its own size: 8 bits of red, green, blue, not compressed. */
export async function twoPages(first: Sharp, second: Sharp): Promise<Buffer> {
  const header = Buffer.from("II*\0\0\0\0\0", "latin1");
  const parts: Buffer[] = [header];
  let end = header.length;
  let pointer: { in: Buffer; at: number } = { in: header, at: 4 };
  for (const picture of [first, second]) {
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    const bits = Buffer.from([8, 0, 8, 0, 8, 0, 0, 0]);
    const directory = directoryOf([
      ...([
        [256, info.width],
        [257, info.height],
        [258, end, 3],
        [259, 1],
        [262, 2],
      ] as const),
      ...([
        [273, end + bits.length],
        [277, 3],
        [278, info.height],
        [279, data.length],
      ] as const),
    ]);
    pointer.in.writeUInt32LE(end + bits.length + data.length, pointer.at);
    pointer = { in: directory, at: directory.length - 4 };
    parts.push(bits, data, directory);
    end += bits.length + data.length + directory.length;
  }
  return Buffer.concat(parts);
}

/** TIFF 6.0, section 2: tags of numbers, and where the next directory is, which is none. */
function directoryOf(tags: readonly (readonly [tag: number, value: number, count?: number])[]): Buffer {
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length);
  for (const [index, [tag, value, count = 1]] of tags.entries()) {
    const at = 2 + index * 12;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(count > 1 ? 3 : 4, at + 2);
    directory.writeUInt32LE(count, at + 4);
    directory.writeUInt32LE(value, at + 8);
  }
  return directory;
}
