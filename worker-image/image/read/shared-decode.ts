import sharp, { type Sharp } from "sharp";
import type { Rendering } from "../rendering.ts";
import { decodable, decodePlain, drawnScale, needsOwnDecode } from "./decode-settings.ts";
import type { ImageSource } from "./image-source.ts";
import { timeLimited } from "./time-limit.ts";

/**
 * One decode for the renderings of a source: the upright image in sRGB, raw in memory. It depends on the
 * source and the spec alone, never on limits or on what an earlier attempt made, so that the same MediaJob
 * gives the same bytes everywhere.
 */
export interface SharedDecode {
  width: number;
  height: number;
}

/** JPEG decodes at 1/8, 1/4 and 1/2 for a fraction of the work. */
const SHRINKS = [8, 4, 2] as const;

/** The size at which to decode once; undefined when no two renderings can share a decode. */
export function planSharedDecode(
  source: ImageSource,
  renderings: readonly Rendering[],
): SharedDecode | undefined {
  const sharing = renderings.filter((rendering) => !needsOwnDecode(rendering, source));
  if (sharing.length < 2) return undefined;
  const { width, height } = source;
  const enough = Math.min(...sharing.map((rendering) => shrinkOnLoad(source, shrinkOf(source, rendering))));
  const shrink = SHRINKS.find((by) => by <= enough && width % by === 0 && height % by === 0) ?? 1;
  return { width: width / shrink, height: height / shrink };
}

/** By how much a JPEG's decoder shrinks for what is so much smaller; 1 for other kinds. */
export const shrinkOnLoad = ({ kind }: ImageSource, enough: number): number =>
  (kind === "jpeg" && SHRINKS.find((by) => by <= enough)) || 1;

/** Bytes of the decoded image, at most. */
export const sharedBytes = ({ width, height }: SharedDecode): number => width * height * 4;

/** Decodes, and gives new pipelines on the pixels. */
export async function decodeShared(
  source: ImageSource,
  { width, height }: SharedDecode,
): Promise<() => Sharp> {
  const pipeline = decodePlain(await decodable(source));
  if (width !== source.width) pipeline.resize({ width, height, fit: "fill" });
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return () => timeLimited(sharp(data, { raw }));
}

/** By how much a rendering shrinks the source, at least, on either axis; less than 1 where an SVG is drawn larger. */
export function shrinkOf(source: ImageSource, { settings, ...wanted }: Rendering): number {
  if (source.kind === "svg") return 1 / drawnScale(source, { settings, ...wanted });
  const { width, height } = source;
  if (settings.extract || settings.trim) return 1; // their numbers are the source's own pixels
  if (settings.gamma !== undefined) return 1; // it comes before any shrinking, or it would not be in linear light
  const across = wanted.width === undefined ? Number.POSITIVE_INFINITY : width / wanted.width;
  const down = wanted.height === undefined ? Number.POSITIVE_INFINITY : height / wanted.height;
  const least = Math.min(across, down);
  return Number.isFinite(least) ? least : 1;
}
