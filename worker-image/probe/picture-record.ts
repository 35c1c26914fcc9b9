/** What is known of a still picture; unknown is null. */
export interface PictureRecord {
  format: string;
  width: number;
  height: number;
  /** EXIF's orientation, 1 to 8; `width` and `height` are as stored. */
  orientation: number | null;
  colorSpace: string | null;
  channels: number | null;
  bitDepth: string | null;
  density: number | null;
  hasAlpha: boolean;
  hasIccProfile: boolean;
  /** Pages or frames. */
  pages: number;
}

/** Reads a picture's header; undefined when it is none that sharp knows. sharp is loaded only here. */
export async function describePicture(path: string): Promise<PictureRecord | undefined> {
  const { default: sharp } = await import("sharp");
  const found = await sharp(path, { failOn: "none" })
    .metadata()
    .catch(() => undefined);
  if (!found?.format || !found.width || !found.height) return undefined;
  return {
    format: found.format,
    width: found.width,
    height: found.pageHeight ?? found.height,
    orientation: found.orientation ?? null,
    colorSpace: found.space ?? null,
    channels: found.channels ?? null,
    bitDepth: found.depth ?? null,
    density: found.density ?? null,
    hasAlpha: found.hasAlpha ?? false,
    hasIccProfile: found.icc !== undefined,
    pages: found.pages ?? 1,
  };
}
