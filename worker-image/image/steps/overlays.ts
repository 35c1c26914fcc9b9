import sharp, { type OverlayOptions } from "sharp";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import type { EngineContext } from "../../engine.ts";
import { overlaySize } from "../memory/finished-size.ts";
import { decodable, decodePlain } from "../read/decode-settings.ts";
import { explained, type Size } from "../read/image-source.ts";
import type { KeptPixels } from "../read/kept-pixels.ts";
import { timeLimited } from "../read/time-limit.ts";
import { hexOf, parseColour } from "./colour.ts";
import type { OverlayImages } from "./overlay-images.ts";
import { withNamed } from "./profile.ts";

type Overlay = NonNullable<ImageOutput["overlays"]>[number];
type Gravity = Overlay["gravity"];

/** An overlay's pixels. */
interface Layer {
  data: Buffer;
  info: Size & { channels: number };
}

/** Overlays as sharp composites them onto finished pixels: in the colours of these, which it does not see to. */
export async function compositionOf(
  overlays: readonly Overlay[],
  { base, images, context }: { base: KeptPixels; images: OverlayImages; context: EngineContext },
): Promise<OverlayOptions[]> {
  if (overlays.length === 0) return [];
  const { size } = base;
  return await withNamed(base.profile, context.scratchDir, async (profile) => {
    const layers: OverlayOptions[] = [];
    for (const overlay of overlays) {
      const drawn = overlay.text
        ? await drawText(overlay.text, size)
        : await loadImage(overlay, { base: size, images });
      layers.push(layerOf(await finished(drawn, { opacity: overlay.opacity, profile }), overlay, size));
    }
    return layers;
  });
}

function layerOf(layer: Layer, { blend, tile, gravity, offset }: Overlay, base: Size): OverlayOptions {
  const { data, info } = tile && offset ? rolled(layer, offset) : layer;
  return {
    input: data,
    raw: { width: info.width, height: info.height, channels: info.channels },
    blend,
    ...(tile ? { tile, gravity } : placed(gravity, { base, overlay: info, offset })),
  } as OverlayOptions;
}

/** What leaves on one side comes in on the other: tiles of that are the tiles, moved. */
export function rolled(
  { data, info }: Layer,
  { horizontal, vertical }: NonNullable<Overlay["offset"]>,
): Layer {
  const { width, height, channels } = info;
  const moved = Buffer.alloc(data.length);
  const lineBytes = width * channels;
  const across = modulo(horizontal, width) * channels;
  for (let line = 0; line < height; line++) {
    const from = data.subarray(line * lineBytes, (line + 1) * lineBytes);
    const to = modulo(line + vertical, height) * lineBytes;
    from.copy(moved, to + across, 0, lineBytes - across);
    from.copy(moved, to, lineBytes - across);
  }
  return { data: moved, info };
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;

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
  const { alpha, ...opaque } = parseColour(colour);
  const escaped = text.replace(
    /[&<>]/g,
    (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[letter] ?? "",
  );
  const markup = `<span foreground="${hexOf(opaque)}" alpha="${Math.max(1, Math.round(alpha * 65535))}">${escaped}</span>`;
  return await timeLimited(
    sharp({ text: { text: markup, font: `${font} ${size}`, dpi: 72, rgba: true, width: base.width } }),
  )
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
  await loaded.ready();
  const { width } = overlaySize(loaded, { base, width: image.width });
  const made = await decodable(loaded, { scale: width / loaded.width }).catch(explained(loaded));
  return await decodePlain(made)
    .resize({
      width: Math.min(image.width ?? loaded.width, base.width),
      height: base.height,
      fit: "inside",
      withoutEnlargement: image.width === undefined,
    })
    .png({ compressionLevel: 0 })
    .toBuffer()
    .catch(explained(loaded));
}

/** As thin and in the colours that it is laid on with. */
async function finished(
  input: Buffer,
  { opacity, profile }: { opacity: number; profile: string | undefined },
): Promise<Layer> {
  const pipeline = timeLimited(sharp(input)).toColourspace("srgb").ensureAlpha();
  if (profile) pipeline.withIccProfile(profile);
  if (opacity < 1) {
    const veil = Buffer.from([0, 0, 0, Math.round(opacity * 255)]);
    pipeline.composite([
      { input: veil, raw: { width: 1, height: 1, channels: 4 }, tile: true, blend: "dest-in" },
    ]);
  }
  return await pipeline.raw().toBuffer({ resolveWithObject: true });
}
