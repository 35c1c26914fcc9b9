import type { ImageFormat } from "../../../crds/outputs/image/encoding.ts";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import { FILE_KINDS } from "../rendering.ts";

/** A colour as sharp takes it; alpha from 0 to 1. */
export interface Rgba {
  r: number;
  g: number;
  b: number;
  alpha: number;
}

/** `#rgb`, `#rgba`, `#rrggbb` or `#rrggbbaa`, as the API lets through. */
export function parseColour(text: string): Rgba {
  const digits = text.slice(1);
  const pairs = digits.length <= 4 ? [...digits].map((digit) => digit + digit) : (digits.match(/../g) ?? []);
  const [r = 0, g = 0, b = 0, a = 255] = pairs.map((pair) => Number.parseInt(pair, 16));
  return { r, g, b, alpha: a / 255 };
}

/** What fills letterboxes, edges and corners: white, and nothing where the format knows nothing. */
export function backgroundOf({ background, flatten }: ImageOutput, format: ImageFormat): Rgba {
  if (background !== undefined) return parseColour(background);
  const opaque = flatten === true || !FILE_KINDS[format].hasAlpha;
  return { r: 255, g: 255, b: 255, alpha: opaque ? 1 : 0 };
}
