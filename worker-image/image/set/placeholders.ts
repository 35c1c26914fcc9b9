import { encode as blurHash } from "blurhash";
import sharp, { type Sharp } from "sharp";
import { rgbaToThumbHash } from "thumbhash";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import { PLACEHOLDER_EDGE } from "../memory/finished-size.ts";
import { timeLimited } from "../read/time-limit.ts";
import { hexOf } from "../steps/colour.ts";

type Placeholder = NonNullable<ImageOutput["placeholders"]>[number];

const LQIP_EDGE = 20;

/** What to show while an image loads, by name. */
export async function placeholdersOf(
  pipeline: Sharp,
  wanted: readonly Placeholder[],
): Promise<Record<string, string>> {
  const { data, info } = await pipeline
    .resize({ width: PLACEHOLDER_EDGE, height: PLACEHOLDER_EDGE, fit: "inside", withoutEnlargement: true })
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const small = () => timeLimited(sharp(data, { raw: { width, height, channels } }));
  const makers: Record<Placeholder, () => Promise<[string, string]>> = {
    BlurHash: async () => {
      // It knows no alpha, and would show what lies under it.
      const opaque = await small().flatten({ background: "#ffffff" }).ensureAlpha().raw().toBuffer();
      return [
        "blurHash",
        blurHash(new Uint8ClampedArray(opaque), width, height, ...components(width, height)),
      ];
    },
    ThumbHash: async () => [
      "thumbHash",
      Buffer.from(rgbaToThumbHash(width, height, data)).toString("base64"),
    ],
    Lqip: async () => {
      const tiny = await small()
        .resize({ width: LQIP_EDGE, height: LQIP_EDGE, fit: "inside", withoutEnlargement: true })
        .webp({ quality: 40, effort: 6 })
        .toBuffer();
      return ["lqip", `data:image/webp;base64,${tiny.toString("base64")}`];
    },
    DominantColour: async () => {
      const { dominant } = await small()
        .flatten({ background: "#ffffff" })
        .png({ compressionLevel: 0 })
        .toBuffer()
        .then((png) => sharp(png).stats());
      return ["dominantColour", hexOf(dominant)];
    },
  };
  return Object.fromEntries(await Promise.all(wanted.map((name) => makers[name]())));
}

/** Four components along the longer edge, as BlurHash's authors advise. */
const components = (width: number, height: number): [number, number] => (width >= height ? [4, 3] : [3, 4]);
