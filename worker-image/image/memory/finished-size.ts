import type { ImageSource, Size } from "../read/image-source.ts";
import { holdsAlpha, type Rendering } from "../rendering.ts";
import { isFlattened } from "../steps/colour.ts";
import { isToned } from "../steps/tone.ts";

/** Placeholders are drawn from so few pixels: ThumbHash takes no more than 100 × 100; the others need no more. */
export const PLACEHOLDER_EDGE = 100;

/**
 * Which renderings of a source are encoded from the same finished pixels, held in memory; undefined for one that is
 * made for itself. What is transparent is laid on its background once it is finished, since libvips would do so before
 * the tone. Formats with and without alpha differ in what fills a letterbox, where the spec does not say.
 *
 * @param source as the rendering sees it
 */
export function finishedKey(
  { output, width, height, format, settings }: Rendering,
  { header }: Pick<ImageSource, "header">,
): string | undefined {
  const isEncodedOften = settings.formats !== undefined || settings.maxBytes !== undefined;
  const isLaid = header.hasAlpha && isFlattened({ format, settings }) && isToned(settings);
  if ((!isEncodedOften && !isLaid && !isKeptAsStored({ format, settings })) || settings.animated)
    return undefined;
  const isFilled =
    settings.background === undefined &&
    (settings.fit === "contain" || settings.rotate !== undefined || settings.extend !== undefined);
  const { colourspace, keepMetadata = [] } = settings; // a GIF's are others
  return `${output} ${width} ${height} ${colourspace} ${keepMetadata} ${isFilled && holdsAlpha({ format, settings })}`;
}

/**
 * Whether the encoder would turn what is to stay as it is stored: AVIF and TIFF say how a picture is turned beside its
 * EXIF, and libvips does so wherever the pixels come from a file that says it. Pixels in memory do not.
 */
export const isKeptAsStored = ({ format, settings }: Pick<Rendering, "format" | "settings">): boolean =>
  settings.autoOrient === false && (format === "avif" || format === "tiff");

/**
 * How large a rendering will be, from the header alone; an upper bound where only the pixels can tell.
 *
 * @param source as the rendering sees it
 */
export function finishedSize(source: Size, { width, height, settings }: Rendering): Size {
  const from = settings.extract ?? source;
  const resized = resizedSize(from, { width, height, settings });
  const { top = 0, right = 0, bottom = 0, left = 0 } = settings.extend ?? {};
  const turned = turnedSize(resized, settings.rotate);
  return { width: turned.width + left + right, height: turned.height + top + bottom };
}

/** What a picture takes up once it is turned. */
function turnedSize({ width, height }: Size, degrees = 0): Size {
  const radians = (degrees * Math.PI) / 180;
  const [along, aside] = [Math.abs(Math.cos(radians)), Math.abs(Math.sin(radians))];
  return {
    width: Math.round(width * along + height * aside),
    height: Math.round(height * along + width * aside),
  };
}

/**
 * What the shorter edge of a rendering is at least; 0 where only the pixels can tell.
 *
 * @param source as the rendering sees it
 */
export function leastEdge(source: Size, { width, height, settings }: Rendering): number {
  if (settings.trim) return 0;
  const from = settings.extract ?? source;
  const resized = resizedSize(from, { width, height, settings });
  const unenlarged = settings.withoutEnlargement ? [from.width, from.height] : [];
  return Math.min(resized.width, resized.height, ...unenlarged) - 1; // libvips may round otherwise
}

/** How large the picture is between resizing and cropping. */
export function uncroppedSize(source: Size, { width, height, settings }: Rendering): Size {
  const from = settings.extract ?? source;
  const fit = isCropped({ width, height, settings }) ? "outside" : settings.fit;
  return resizedSize(from, { width, height, settings: { ...settings, fit } });
}

/** Whether something may be cut off once the picture is resized. */
export const isCropped = ({ width, height, settings }: Pick<Rendering, "width" | "height" | "settings">) =>
  settings.fit === "cover" && width !== undefined && height !== undefined;

/** How large an overlay is laid on a picture: at most as large as that. */
export function overlaySize(
  overlay: Size,
  { base, width = overlay.width }: { base: Size; width: number | undefined },
): Size {
  const scale = Math.min(Math.min(width, base.width) / overlay.width, base.height / overlay.height);
  return scaled(overlay, scale);
}

function resizedSize(
  from: Size,
  { width, height, settings }: Pick<Rendering, "width" | "height" | "settings">,
): Size {
  if (width === undefined && height === undefined) return { width: from.width, height: from.height };
  const across = (width ?? Number.POSITIVE_INFINITY) / from.width;
  const down = (height ?? Number.POSITIVE_INFINITY) / from.height;
  const isOne = width === undefined || height === undefined;
  const isWhole = isOne || settings.fit === "inside" || settings.fit === "outside";
  const scale = settings.fit === "outside" && !isOne ? Math.max(across, down) : Math.min(across, down);
  // The picture stays as it is, and what is around it is filled.
  if (settings.fit === "contain" && width !== undefined && height !== undefined) return { width, height };
  if (settings.withoutEnlargement && scale >= 1) return { width: from.width, height: from.height };
  if (!isWhole) return { width: width ?? from.width, height: height ?? from.height };
  return scaled(from, scale);
}

const scaled = ({ width, height }: Size, scale: number): Size => ({
  width: Math.max(1, Math.round(width * scale)),
  height: Math.max(1, Math.round(height * scale)),
});
