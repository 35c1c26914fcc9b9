import { writeFile } from "node:fs/promises";
import sharp from "sharp";

/** Pictures for the examples that photographs as cameras make them do not show. */

/** Frames that go across a landscape and back, slowly at both ends. */
export async function drift(landscape: string, to: string): Promise<void> {
  const frames = 12;
  const [width, height, way] = [160, 90, 80];
  const still = await sharp(landscape)
    .resize({ width: width + way, height, fit: "cover" })
    .png()
    .toBuffer();
  const views = await Promise.all(
    Array.from({ length: frames }, (_, index) => {
      const left = Math.round((way * (1 - Math.cos((2 * Math.PI * index) / frames))) / 2);
      return sharp(still).extract({ left, top: 0, width, height }).png().toBuffer();
    }),
  );
  const atEnd = (index: number) => index % (frames / 2) === 0;
  await sharp(views, { join: { animated: true } })
    .gif({ colours: 64, dither: 0, loop: 0, delay: views.map((_, index) => (atEnd(index) ? 400 : 100)) })
    .toFile(to);
}

/** As a printer gets it: CMYK, without a profile that tells of which ink. */
export async function printed(landscape: string, to: string): Promise<void> {
  await sharp(landscape).resize({ width: 480 }).toColourspace("cmyk").jpeg({ quality: 80 }).toFile(to);
}

/** A glow of colours that no sRGB screen shows: Display P3 of 16 bits, so that it has no steps. */
export async function glow(to: string): Promise<void> {
  const [width, height] = [120, 80];
  const pixels = new Uint16Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const across = x / (width - 1);
      const down = y / (height - 1);
      const colour = [1 - 0.8 * down, 0.2 + 0.8 * across * down, 0.1 + 0.3 * (1 - across)];
      pixels.set(
        colour.map((share) => Math.round(share * 65_535)),
        (y * width + x) * 3,
      );
    }
  const picture = sharp(pixels, { raw: { width, height, channels: 3 } }).toColourspace("rgb16");
  await writeFile(to, await picture.withIccProfile("p3").png({ compressionLevel: 9 }).toBuffer());
}
