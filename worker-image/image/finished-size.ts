import { type ImageSource, type Size, startingSize } from "./image-source.ts";
import type { Rendering } from "./rendering.ts";

/** How large a rendering will be, from the header alone; an upper bound where only the pixels can tell. */
export function finishedSize(source: ImageSource, { width, height, settings }: Rendering): Size {
  const from = settings.extract ?? startingSize(source, settings);
  const resized = resizedSize(from, { width, height, settings });
  const { top = 0, right = 0, bottom = 0, left = 0 } = settings.extend ?? {};
  const diagonal = settings.rotate ? Math.ceil(Math.hypot(resized.width, resized.height)) : 0;
  return {
    width: Math.max(resized.width, diagonal) + left + right,
    height: Math.max(resized.height, diagonal) + top + bottom,
  };
}

/** What the shorter edge of a rendering is at least; 0 where only the pixels can tell. */
export function leastEdge(source: ImageSource, { width, height, settings }: Rendering): number {
  if (settings.trim || settings.page !== undefined) return 0; // pages may differ in size
  const from = settings.extract ?? startingSize(source, settings);
  const resized = resizedSize(from, { width, height, settings });
  const unenlarged = settings.withoutEnlargement ? [from.width, from.height] : [];
  return Math.min(resized.width, resized.height, ...unenlarged) - 1; // libvips may round otherwise
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
  if (settings.withoutEnlargement && scale >= 1) return { width: from.width, height: from.height };
  if (!isWhole) return { width: width ?? from.width, height: height ?? from.height };
  return {
    width: Math.max(1, Math.round(from.width * scale)),
    height: Math.max(1, Math.round(from.height * scale)),
  };
}
