import { readFile } from "node:fs/promises";
import exifr from "exifr";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import { MAX_FRAMES } from "../read/decode-settings.ts";
import type { ImageSource } from "../read/image-source.ts";
import { tryDecode } from "../read/trial-decode.ts";
import type { RenderedFile, Rendering } from "../rendering.ts";
import { exifOfDensity, keptGroups, keptMetadata } from "./metadata.ts";
import { REWRAPS } from "./rewrap/rewraps.ts";

/**
 * Pictures of which only the metadata change. Decoding and encoding would cost quality or time for nothing, so what
 * is coded of the pixels goes into the new file byte for byte. What each format keeps beside a picture, and how, is
 * its own module's matter; TIFF and GIF are always written anew.
 */

/** What a spec may say without touching a pixel. The rest is a wish for other pixels, or for another encoding. */
const HARMLESS: ReadonlySet<keyof ImageOutput> = new Set([
  ...(["format", "fit", "position", "metadata", "keepMetadata", "colourspace", "autoOrient"] as const),
  ...(["placeholders", "background", "withoutEnlargement", "kernel", "animated", "density"] as const),
]);

/** What touches no pixel where it is false or 0, as it is when it is left out. */
const HARMLESS_OFF: ReadonlySet<keyof ImageOutput> = new Set([
  ...(["flip", "flop", "rotate", "grayscale", "negate", "flatten"] as const),
]);

/** Colour spaces of libvips that are sRGB's, with 8 bits and with more, unless a profile says otherwise. */
const OF_SCREENS: ReadonlySet<string> = new Set(["srgb", "b-w", "rgb16", "grey16"]);

/** Whether a spec says anything that touches a pixel. */
function isWish(settings: ImageOutput): boolean {
  const isOne = (key: keyof ImageOutput) =>
    settings[key] !== undefined && !HARMLESS.has(key) && !(HARMLESS_OFF.has(key) && !settings[key]);
  return (Object.keys(settings) as (keyof ImageOutput)[]).some(isOne);
}

/** Whether a picture that is coded anew loses by it, though nobody has said how it is to be coded, and few expect it to. */
export const losesUnasked = ({ kind }: Pick<ImageSource, "kind">, { format, settings }: Rendering): boolean =>
  kind === "avif" && format === "avif" && !isWish(settings);

/** Whether a rendering of a source may keep the source's pixels as they are. */
export async function staysUntouched(
  { kind, header, frames }: ImageSource,
  { format, settings }: Rendering,
): Promise<boolean> {
  if (kind !== format || REWRAPS[kind] === undefined || isWish(settings)) return false;
  if ((header.orientation ?? 1) !== 1 && settings.autoOrient !== false) return false;
  if (header.depth !== "uchar" && kind !== "avif") return false;
  // An AVIF of several pictures is no animation: the primary one is taken.
  const isPart = frames > 1 && (settings.animated !== true || frames > MAX_FRAMES);
  if (isPart && kind !== "avif") return false;
  const isOwnColour = settings.colourspace === "keep" || keptGroups(settings)?.has("Icc") === true;
  if (isOwnColour) return true;
  if (settings.colourspace === "p3" || !OF_SCREENS.has(`${header.space}`)) return false;
  return header.icc === undefined || (await isSrgb(header.icc));
}

/**
 * The same picture with the metadata that a spec keeps; undefined when the file's parts do not add up, so that it
 * has to be made anew.
 *
 * @throws Error of libvips when the picture cannot be decoded: what is broken is not passed on.
 */
export async function renderUntouched(
  source: ImageSource,
  { format, settings }: Rendering,
): Promise<RenderedFile | undefined> {
  const { kind, header, opened } = source;
  const { width, pageHeight: height = header.height } = header;
  const { density } = settings;
  const kept = await keptMetadata(source, { format, settings });
  const isOwnChanged = !kept && density !== undefined;
  const ownExif = isOwnChanged ? exifOfDensity(header, { width, height, density }) : undefined;
  if (isOwnChanged && !ownExif) return undefined;
  const data = REWRAPS[kind]?.(await readFile(opened.path), {
    ...{ ownExif, density },
    metadata: kept && { ...kept, exif: kept.exif?.({ width, height }) },
    profile:
      settings.metadata !== "Strip" ||
      settings.colourspace === "keep" ||
      settings.keepMetadata?.includes("Icc") === true,
    alpha: header.hasAlpha,
  });
  if (!data) return undefined;
  const info = await tryDecode(source, { autoOrient: false, ...(settings.animated && { animated: true }) });
  return { data, info: { ...info, format: kind, width, height, pageHeight: height, size: data.length } };
}

async function isSrgb(icc: Buffer): Promise<boolean> {
  const profile = await exifr.sidecar(icc, { icc: {} }, "icc").catch(() => undefined);
  return /sRGB/i.test(`${(profile as { ProfileDescription?: string } | undefined)?.ProfileDescription}`);
}
