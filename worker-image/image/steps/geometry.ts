import type { Sharp } from "sharp";
import { WorkFailure } from "../../work-failure.ts";
import type { ImageSource } from "../read/image-source.ts";
import type { Rendering } from "../rendering.ts";
import type { Rgba } from "./colour.ts";

/**
 * Tells of a region that is not within the source, before anything is decoded for it.
 *
 * @param source as the rendering sees it
 * @throws WorkFailure InvalidOutputSpec.
 */
export function checkRegion({ output, settings }: Rendering, source: ImageSource): void {
  const { extract, page, autoOrient } = settings;
  if (!extract || (page ?? 0) >= source.frames) return; // a page that is not there is told of by who decodes it
  const { left, top, width, height } = extract;
  if (left + width <= source.width && top + height <= source.height) return;
  throw new WorkFailure(
    "InvalidOutputSpec",
    `output ${output} extracts ${width} × ${height} pixels from ${left}, ${top} on, and ${page === undefined ? "" : `page ${page} of `}source ${source.opened.source.name} has ${source.width} × ${source.height}${autoOrient === false ? " as stored" : ""}`,
  );
}

/**
 * Puts a rendering's geometry on a pipeline whose image is upright: extract or trim, resize, turn, mirror,
 * extend. libvips does them in this order, whatever the order of the calls.
 *
 * @param asked the background, in the colours of the pipeline
 */
export function applyGeometry(pipeline: Sharp, { width, height, settings }: Rendering, asked: Rgba): Sharp {
  const background = darkened(asked, settings.gamma);
  if (settings.extract) pipeline.extract(settings.extract);
  if (settings.trim) pipeline.trim(settings.trim);
  if (width !== undefined || height !== undefined) {
    const isBox = width !== undefined && height !== undefined;
    pipeline.resize({
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
      ...(isBox && { fit: settings.fit }), // of one edge alone, fill would keep the other as it is
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

/** A colour that is itself again once gamma has brightened what it fills. */
function darkened({ r, g, b, alpha }: Rgba, gamma = 1): Rgba {
  const [red = 0, green = 0, blue = 0] = [r, g, b].map((part) => Math.round(255 * (part / 255) ** gamma));
  return { r: red, g: green, b: blue, alpha };
}
