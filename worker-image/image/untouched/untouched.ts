import { readFile } from "node:fs/promises";
import exifr from "exifr";
import sharp from "sharp";
import type { ImageOutput } from "../../crds/outputs/image.ts";
import type { ImageSource } from "./image-source.ts";
import { type JpegSegment, joinJpeg, splitJpeg, startsWith } from "./jpeg-segments.ts";
import { applyMetadata, keptGroups, keptIptc } from "./metadata.ts";
import type { RenderedFile } from "./rendered-file.ts";
import type { Rendering } from "./rendering.ts";

/**
 * Pictures of which only the metadata change. Decoding and encoding would cost quality for nothing, so the
 * entropy-coded data of a JPEG goes into the new file byte for byte.
 */

/** What a spec may say without touching a pixel. The rest is a wish for other pixels, or for another encoding. */
const HARMLESS: ReadonlySet<keyof ImageOutput> = new Set([
  ...(["format", "fit", "position", "metadata", "keepMetadata", "colourspace", "autoOrient"] as const),
  ...(["placeholders", "background", "withoutEnlargement", "kernel"] as const),
]);

/** Whether a rendering of a source may keep the source's pixels as they are. */
export async function staysUntouched(
  { kind, header }: ImageSource,
  { format, settings }: Rendering,
): Promise<boolean> {
  if (kind !== "jpeg" || format !== "jpeg") return false;
  const wanted = (Object.keys(settings) as (keyof ImageOutput)[]).filter(
    (key) => settings[key] !== undefined,
  );
  if (wanted.some((key) => !HARMLESS.has(key))) return false;
  if ((header.orientation ?? 1) !== 1 && settings.autoOrient !== false) return false;
  const isOwnColour = settings.colourspace === "keep" || keptGroups(settings)?.has("Icc") === true;
  if (isOwnColour) return true;
  if (settings.colourspace === "p3" || (header.space !== "srgb" && header.space !== "b-w")) return false;
  return header.icc === undefined || (await isSrgb(header.icc));
}

/**
 * The same picture with the metadata that a spec keeps; undefined when the file's segments do not add up, so
 * that it has to be made anew.
 *
 * @throws Error of libvips when the picture cannot be decoded: what is broken is not passed on.
 */
export async function renderUntouched(
  source: ImageSource,
  { settings }: Rendering,
): Promise<RenderedFile | undefined> {
  const parts = splitJpeg(await readFile(source.opened.path));
  if (!parts) return undefined;
  // At an eighth of its size; all of the entropy-coded data is read nevertheless.
  const { width, height } = source.header;
  const check = source.decode({ autoOrient: false }).resize({ width: Math.ceil(width / 8) });
  const { info } = await check.raw().toBuffer({ resolveWithObject: true });
  const segments = [
    ...parts.segments.filter((segment) => isOfPicture(segment)).map(withoutThumbnail),
    ...(keptGroups(settings) === undefined
      ? parts.segments.filter((segment) => isMetadata(segment))
      : await keptSegments(source, settings)),
  ];
  const keepsProfile =
    settings.metadata !== "Strip" ||
    settings.colourspace === "keep" ||
    settings.keepMetadata?.includes("Icc");
  const profile = keepsProfile ? parts.segments.filter((segment) => startsWith(segment, PROFILE)) : [];
  const data = joinJpeg({ segments: [...segments, ...profile], picture: parts.picture });
  return { data, info: { ...info, format: "jpeg", width, height, size: data.length } };
}

const PROFILE = "ICC_PROFILE\0";
const APP0 = 0xe0;
const APP14 = 0xee;

/** JFIF, which says how dense the pixels are, and Adobe's, without which colours are taken for others. */
const isOfPicture = (segment: JpegSegment): boolean =>
  (segment.marker === APP0 && startsWith(segment, "JFIF\0")) ||
  (segment.marker === APP14 && startsWith(segment, "Adobe"));

/** All but what is of the picture, and the index of further pictures (CIPA DC-007), which are not taken along. */
const isMetadata = (segment: JpegSegment): boolean =>
  !isOfPicture(segment) &&
  !startsWith(segment, PROFILE) &&
  !startsWith(segment, "MPF\0") &&
  !startsWith(segment, "JFXX\0");

/** JFIF 1.02: the thumbnail follows its width and height, the last two of 14 bytes. */
function withoutThumbnail(segment: JpegSegment): JpegSegment {
  if (segment.marker !== APP0 || segment.body.length <= 14) return segment;
  const body = Buffer.from(segment.body.subarray(0, 14));
  body.fill(0, 12);
  return { ...segment, body };
}

/** What libvips writes for the kept metadata, taken from a blank picture of the same size, and IPTC. */
async function keptSegments(source: ImageSource, settings: ImageOutput): Promise<JpegSegment[]> {
  const { width, height } = source.header;
  const create = { width, height, channels: 3 as const, background: "#000000" };
  const { density: _, ...own } = settings;
  const blank = await applyMetadata(sharp({ create }).jpeg({ quality: 1 }), own, source);
  const carrier = splitJpeg(await blank.toBuffer());
  const written = carrier?.segments.filter((segment) => isMetadata(segment)) ?? [];
  const iptc = keptIptc(source, settings);
  return iptc ? [...written, iptc] : written;
}

async function isSrgb(icc: Buffer): Promise<boolean> {
  const profile = await exifr.sidecar(icc, { icc: {} }, "icc").catch(() => undefined);
  return /sRGB/i.test(`${(profile as { ProfileDescription?: string } | undefined)?.ProfileDescription}`);
}
