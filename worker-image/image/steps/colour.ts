import { holdsAlpha, type Rendering } from "../rendering.ts";

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

/** A colour as `#rrggbb`, without its alpha. */
export const hexOf = ({ r, g, b }: Omit<Rgba, "alpha">): string =>
  `#${[r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("")}`;

/** Whether a file shows a background through what is transparent. */
export const isFlattened = ({ format, settings }: Pick<Rendering, "format" | "settings">): boolean =>
  settings.flatten === true || !holdsAlpha({ format, settings });

/** What fills letterboxes, edges and corners: white, and nothing where the format knows nothing. */
export function backgroundOf({ format, settings }: Pick<Rendering, "format" | "settings">): Rgba {
  if (settings.background !== undefined) return parseColour(settings.background);
  return { r: 255, g: 255, b: 255, alpha: isFlattened({ format, settings }) ? 1 : 0 };
}
