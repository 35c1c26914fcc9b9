import type { Sharp } from "sharp";
import { backgroundOf } from "./colour.ts";
import type { Rendering } from "./rendering.ts";

/**
 * Puts a rendering's geometry on a pipeline whose image is upright: extract or trim, resize, turn, mirror,
 * extend. libvips does them in this order, whatever the order of the calls.
 */
export function applyGeometry(pipeline: Sharp, { width, height, settings, format }: Rendering): Sharp {
  const background = backgroundOf(settings, format);
  if (settings.extract) pipeline.extract(settings.extract);
  if (settings.trim) pipeline.trim({ threshold: settings.trim.threshold, margin: settings.trim.margin });
  if (width !== undefined || height !== undefined) {
    pipeline.resize({
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
      fit: settings.fit,
      position: settings.position,
      background,
      kernel: settings.kernel ?? "lanczos3",
      withoutEnlargement: settings.withoutEnlargement ?? false,
    });
  }
  if (settings.rotate) pipeline.rotate(settings.rotate, { background });
  if (settings.flip) pipeline.flip();
  if (settings.flop) pipeline.flop();
  if (settings.extend) pipeline.extend({ ...settings.extend, background });
  return pipeline;
}
