import sharp, { type OverlayOptions } from "sharp";
import type { ImageOutput } from "../../crds/outputs/image.ts";
import { WorkFailure } from "../work-failure.ts";
import { parseColour } from "./colour.ts";
import type { OverlayImages } from "./overlay-images.ts";

type Overlay = NonNullable<ImageOutput["overlays"]>[number];
type Gravity = Overlay["gravity"];

interface Size {
  width: number;
  height: number;
}

/** Overlays as sharp composites them onto a finished image of that size. */
export async function compositionOf(
  overlays: readonly Overlay[],
  { base, images }: { base: Size; images: OverlayImages },
): Promise<OverlayOptions[]> {
  const layers: OverlayOptions[] = [];
  for (const overlay of overlays) {
    const drawn = overlay.text
      ? await drawText(overlay.text, base)
      : await loadImage(overlay, { base, images });
    const { data, info } = await withOpacity(drawn, overlay.opacity);
    layers.push({
      input: data,
      raw: { width: info.width, height: info.height, channels: info.channels },
      blend: overlay.blend,
      ...(overlay.tile
        ? { tile: true, gravity: overlay.gravity }
        : placed(overlay.gravity, { base, overlay: info, offset: overlay.offset })),
    } as OverlayOptions);
  }
  return layers;
}

/** The mask that leaves a shape of an image of that size. */
export function shapeMask(
  { circle, rounded }: NonNullable<ImageOutput["shape"]>,
  { width, height }: Size,
): OverlayOptions {
  const figure = circle
    ? `<ellipse cx="${width / 2}" cy="${height / 2}" rx="${width / 2}" ry="${height / 2}"/>`
    : `<rect width="${width}" height="${height}" rx="${rounded?.radius ?? 0}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${figure}</svg>`;
  return { input: Buffer.from(svg), blend: "dest-in" };
}

/** Where an overlay's top left corner goes. */
export function placed(
  gravity: Gravity,
  {
    base,
    overlay,
    offset = { horizontal: 0, vertical: 0 },
  }: { base: Size; overlay: Size; offset?: Overlay["offset"] },
): { left: number; top: number } {
  const across = gravity.includes("west") ? 0 : gravity.includes("east") ? 1 : 0.5;
  const down = gravity.includes("north") ? 0 : gravity.includes("south") ? 1 : 0.5;
  return {
    left: Math.round((base.width - overlay.width) * across) + offset.horizontal,
    top: Math.round((base.height - overlay.height) * down) + offset.vertical,
  };
}

/** At 72 dpi a point is a pixel. The text is no markup: what Pango would read as such is escaped. */
async function drawText(
  { text, font, size, colour }: NonNullable<Overlay["text"]>,
  base: Size,
): Promise<Buffer> {
  const { r, g, b, alpha } = parseColour(colour);
  const hex = [r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("");
  const escaped = text.replace(
    /[&<>]/g,
    (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[letter] ?? "",
  );
  const markup = `<span foreground="#${hex}" alpha="${Math.max(1, Math.round(alpha * 65535))}">${escaped}</span>`;
  return await sharp({
    text: { text: markup, font: `${font} ${size}`, dpi: 72, rgba: true, width: base.width },
  })
    .resize({ width: base.width, height: base.height, fit: "inside", withoutEnlargement: true })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

async function loadImage(
  { image }: Overlay,
  { base, images }: { base: Size; images: OverlayImages },
): Promise<Buffer> {
  if (!image) throw new Error("an overlay is an image or a text");
  const loaded = await images.open(image.path);
  try {
    await loaded.ready();
    return await loaded
      .decode()
      .resize({
        width: Math.min(image.width ?? loaded.width, base.width),
        height: base.height,
        fit: "inside",
        withoutEnlargement: image.width === undefined,
      })
      .png({ compressionLevel: 0 })
      .toBuffer();
  } catch (error) {
    throw error instanceof WorkFailure ? error : await loaded.explain(error);
  }
}

async function withOpacity(input: Buffer, opacity: number) {
  const pipeline = sharp(input).toColourspace("srgb").ensureAlpha();
  if (opacity < 1) {
    const veil = Buffer.from([0, 0, 0, Math.round(opacity * 255)]);
    pipeline.composite([
      { input: veil, raw: { width: 1, height: 1, channels: 4 }, tile: true, blend: "dest-in" },
    ]);
  }
  return await pipeline.raw().toBuffer({ resolveWithObject: true });
}
