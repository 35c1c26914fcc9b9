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
 * which lose alpha as raw pixels. With 8 bits a channel whatever the spec, where that is what a step takes.
 */
export async function keepPixels(
  pipeline: Sharp,
  settings: ImageOutput,
  { isShallow = false }: { isShallow?: boolean } = {},
): Promise<KeptPixels> {
  const hasOwn = hasOwnColours(settings);
  if (isShallow || !hasOwn) pipeline.toColourspace("srgb");
  const isPng = hasOwn || turnsGrey(settings);
  const { data, info } = await (isPng ? pipeline.png({ compressionLevel: 0 }) : pipeline.raw()).toBuffer({
    resolveWithObject: true,
  });
  const { width, height, channels } = info;
  const open = () => timeLimited(isPng ? sharp(data) : sharp(data, { raw: { width, height, channels } }));
  return {
    profile: hasOwn ? (await sharp(data).metadata()).icc : undefined,
    open: hasOwn ? () => withOwnColours(open(), settings) : open,
    isDeep: settings.bitDepth === 16 && !isShallow,
    leastEdge: Math.min(width, height),
    size: { width, height },
  };
}
