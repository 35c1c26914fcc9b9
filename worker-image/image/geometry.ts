import type { Sharp } from "sharp";
import { WorkFailure } from "../work-failure.ts";
import { backgroundOf } from "./colour.ts";
import { type ImageSource, startingSize } from "./image-source.ts";
import type { Rendering } from "./rendering.ts";

/**
 * Tells of a region that is not within the source, before anything is decoded for it.
 *
 * @throws WorkFailure InvalidOutputSpec.
 */
export function checkRegion({ output, settings }: Rendering, source: ImageSource): void {
  if (!settings.extract || settings.page !== undefined) return; // pages may differ in size
  const size = startingSize(source, settings);
  const { left, top, width, height } = settings.extract;
  if (left + width <= size.width && top + height <= size.height) return;
  throw new WorkFailure(
    "InvalidOutputSpec",
    `output ${output} extracts ${width} × ${height} pixels from ${left}, ${top} on, and source ${source.opened.source.name} has ${size.width} × ${size.height}${settings.autoOrient === false ? " as stored" : ""}`,
  );
}

/**
 * Puts a rendering's geometry on a pipeline whose image is upright: extract or trim, resize, turn, mirror,
 * extend. libvips does them in this order, whatever the order of the calls.
 */
export function applyGeometry(pipeline: Sharp, { width, height, settings, format }: Rendering): Sharp {
  const background = backgroundOf(settings, format);
  if (settings.extract) pipeline.extract(settings.extract);
  if (settings.trim) pipeline.trim(settings.trim);
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
