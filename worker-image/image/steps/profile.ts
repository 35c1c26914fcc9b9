import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Rendering } from "../rendering.ts";
import { backgroundOf, type Rgba } from "./colour.ts";

/** The colours that pixels are in on their way: of an ICC profile, or Display P3; sRGB where there is none. */
export type Profile = Buffer | "p3" | undefined;

/** libvips takes a profile by the name of its file, or by one of the names that it knows. */
export async function withNamed<Result>(
  profile: Profile,
  scratchDir: string,
  use: (name: string | undefined) => Promise<Result>,
): Promise<Result> {
  if (!Buffer.isBuffer(profile)) return await use(profile);
  const name = join(scratchDir, `${randomUUID()}.icc`);
  try {
    await writeFile(name, profile);
    return await use(name);
  } finally {
    await rm(name, { force: true });
  }
}

/**
 * The background in the colours of the pixels that it is laid among, since libvips takes its numbers as they are. They
 * stay as they are where a profile only tells how to read colours, as those of cameras and scanners may.
 */
export async function backgroundIn(
  profile: Profile,
  rendering: Pick<Rendering, "format" | "settings">,
  scratchDir: string,
): Promise<Rgba> {
  const background = backgroundOf(rendering);
  if (profile === undefined || rendering.settings.background === undefined) return background;
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background } });
  const converted = await withNamed(profile, scratchDir, (name) =>
    pixel
      .withIccProfile(`${name}`)
      .raw()
      .toBuffer()
      .catch(() => undefined),
  );
  if (!converted) return background;
  const [r = 0, g = r, b = r] = converted;
  return { r, g, b, alpha: background.alpha };
}
