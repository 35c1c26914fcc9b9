import sharp, { type Sharp } from "sharp";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import type { Profile } from "../steps/profile.ts";
import { hasOwnColours, turnsGrey, withOwnColours } from "./decode-settings.ts";
import type { Size } from "./image-source.ts";
import { timeLimited } from "./time-limit.ts";

/** Pixels on their way, from which several pipelines may start. */
export interface Pixels {
  open: () => Sharp;
  /** The colours that such a pipeline works in. */
  profile: Profile;
  /** Whether a channel has 16 bits in such a pipeline. */
  isDeep: boolean;
  /** What the shorter edge is at least. */
  leastEdge: number;
  /** Unknown until they are kept. */
  size?: Size;
}

/** Pixels whose colours are known, and no more of them. */
export type Coloured = Pick<Pixels, "open" | "profile">;

/** Pixels in memory, whose size is known. */
export type KeptPixels = Pixels & { size: Size };

/**
 * Raw for plain sRGB; in a PNG that is not compressed where depth, profile or metadata must come along, and for greys,
 * which lose alpha as raw pixels.
 */
export async function keepPixels(pipeline: Sharp, settings: ImageOutput): Promise<KeptPixels> {
  const hasOwn = hasOwnColours(settings);
  if (!hasOwn) pipeline.toColourspace("srgb");
  const isPng = hasOwn || turnsGrey(settings);
  const { data, info } = await (isPng ? pipeline.png({ compressionLevel: 0 }) : pipeline.raw()).toBuffer({
    resolveWithObject: true,
  });
  const { width, height, channels } = info;
  const open = () => timeLimited(isPng ? sharp(data) : sharp(data, { raw: { width, height, channels } }));
  return {
    profile: hasOwn ? (await sharp(data).metadata()).icc : undefined,
    open: hasOwn ? () => withOwnColours(open(), settings) : open,
    isDeep: settings.bitDepth === 16,
    leastEdge: Math.min(width, height),
    size: { width, height },
  };
}

/** The same spec for pixels of 8 bits a channel. */
export const shallow = (settings: ImageOutput): ImageOutput => ({ ...settings, bitDepth: 8 });

/**
 * With 8 bits a channel whatever the spec, for a step that takes no more. What is deep is kept as it is first: a pipeline
 * that changes the depth can keep a profile only if it does nothing else.
 */
export async function keepShallow(pipeline: Sharp, settings: ImageOutput): Promise<KeptPixels> {
  if (settings.bitDepth !== 16) return await keepPixels(pipeline.toColourspace("srgb"), settings);
  const deep = await keepPixels(pipeline, settings);
  return await keepPixels(deep.open().toColourspace("srgb"), shallow(settings));
}
