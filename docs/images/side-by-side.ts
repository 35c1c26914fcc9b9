import { readFileSync } from "node:fs";
import exifr from "exifr";
import sharp, { type Sharp } from "sharp";

/** Pictures of what a picture alone does not show: next to one of another value, enlarged or in words. */

/** A file, and the value that it was made with. */
export interface Labelled {
  file: string;
  label: string;
}

interface Region {
  left: number;
  top: number;
  width: number;
  height: number;
}

const LINE = 16;
const GAP = 4;

/** A part of each, every pixel a square, and where their colours differ in Display P3, as many times stronger. */
export async function enlarged(
  files: readonly [Labelled, Labelled],
  { region, times, stronger }: { region: Region; times: number; stronger: number },
): Promise<Buffer> {
  const part = async (pipeline: Sharp) => await pipeline.extract(region).removeAlpha().png().toBuffer();
  const squares = async (picture: Buffer) => {
    const [width, height] = [region.width * times, region.height * times];
    return await sharp(picture).resize(width, height, { kernel: "nearest" }).png().toBuffer();
  };
  const parts = await Promise.all(
    files.map(async ({ file, label }) => ({
      label,
      picture: await squares(await part(sharp(file).withIccProfile("srgb", { attach: false }))),
      // Without a detour by sRGB, which would cut the wide colours off first.
      wide: await part(
        sharp(file)
          .pipelineColourspace("rgb16")
          .withIccProfile("p3", { attach: false })
          .toColourspace("srgb"),
      ),
    })),
  );
  const [other, own] = parts.map(({ wide }) => wide);
  const difference = await sharp(other)
    .composite([{ input: own, blend: "difference" }])
    .removeAlpha()
    .png()
    .toBuffer();
  const seen = await squares(await sharp(difference).linear(stronger, 0).png().toBuffer());
  return await inARow([...parts, { label: `difference × ${stronger}`, picture: seen }]);
}

/** Each with its light as many times stronger, from the darkest on. */
export async function stretched(files: readonly Labelled[], stronger: number): Promise<Buffer> {
  const parts = files.map(async ({ file, label }) => {
    const pixels = sharp(file).keepIccProfile();
    const { channels, depth } = await pixels.metadata();
    const darkest = (await sharp(file).stats()).channels.slice(0, channels).map(({ min }) => -min * stronger);
    const light = pixels.linear(
      darkest.map(() => stronger),
      darkest,
    );
    const deep = await (depth === "ushort" ? light.toColourspace("rgb16") : light).png().toBuffer();
    const shown = sharp(deep).withIccProfile("srgb", { attach: false }).toColourspace("srgb");
    return { label: `${label}, light × ${stronger}`, picture: await shown.png().toBuffer() };
  });
  return await inARow(await Promise.all(parts));
}

/** What shows when a share of each file has come. */
export async function halfLoaded(files: readonly Labelled[], share: number): Promise<Buffer> {
  const parts = files.map(async ({ file, label }) => {
    const content = readFileSync(file);
    const come = content.subarray(0, content.length * share);
    return { label, picture: await sharp(come, { failOn: "none" }).png().toBuffer() };
  });
  return await inARow(await Promise.all(parts));
}

/** A picture, and what each file says beside its pixels. */
export async function told(files: readonly [Labelled, Labelled]): Promise<Buffer> {
  const parts = files.map(async ({ file, label }) => {
    const said = await exifr
      .parse(file, { tiff: true, exif: true, gps: true, jfif: true })
      .catch(() => undefined);
    const lines = [label, `${readFileSync(file).length} bytes`, ...wordsOf(said ?? {})];
    return { label: "", picture: await textOf(lines, { width: 190, height: (lines.length + 1) * LINE }) };
  });
  const picture = await sharp(files[1].file).png().toBuffer();
  return await inARow([{ label: "", picture }, ...(await Promise.all(parts))]);
}

/** Fields that a reader of the page knows, in words. */
function wordsOf(said: Record<string, unknown>): string[] {
  const place = typeof said.latitude === "number" ? [`place ${said.latitude.toFixed(3)}, …`] : [];
  const time = said.DateTimeOriginal instanceof Date ? ["time of the picture"] : [];
  const named = ["Artist", "Copyright", "Model"].flatMap((key) =>
    said[key] ? [`${key}: ${said[key]}`] : [],
  );
  const density = said.XResolution ? [`${said.XResolution} pixels per inch`] : [];
  return [...named, ...time, ...place, ...density].map((line) =>
    line.length > 27 ? `${line.slice(0, 26)}…` : line,
  );
}

async function textOf(
  lines: readonly string[],
  { width, height }: { width: number; height: number },
): Promise<Buffer> {
  const text = lines.map((line, index) => `<text x="4" y="${(index + 1) * LINE}">${line}</text>`).join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#ffffff"/><g font-family="DejaVu Sans" font-size="12" fill="#222222">${text}</g></svg>`;
  return await sharp(Buffer.from(svg)).png().toBuffer();
}

/** Pictures with what they are written above them. */
async function inARow(parts: readonly { label: string; picture: Buffer }[]): Promise<Buffer> {
  const above = parts.some(({ label }) => label !== "") ? LINE + GAP : 0;
  let left = 0;
  let height = 0;
  const layers: { input: Buffer; left: number; top: number }[] = [];
  for (const { label, picture } of parts) {
    const size = await sharp(picture).metadata();
    if (above)
      layers.push({ input: await textOf([label], { width: size.width, height: above }), left, top: 0 });
    layers.push({ input: picture, left, top: above });
    left += size.width + GAP;
    height = Math.max(height, above + size.height);
  }
  const ground = sharp({ create: { width: left - GAP, height, channels: 3, background: "#ffffff" } });
  return await ground.composite(layers).webp({ lossless: true, effort: 6 }).toBuffer();
}
