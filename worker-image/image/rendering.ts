import type { Sharp } from "sharp";
import type { ImageOutput } from "../../crds/outputs/image.ts";
import type { Output } from "../../crds/outputs/output.ts";
import { paletteQuality, qualityNumber } from "./quality.ts";

/** One file that is to be made of a source. */
export interface Rendering {
  /** Name of the output in the unit. */
  output: string;
  format: ImageOutput["format"];
  width: number | undefined;
  height: number | undefined;
  settings: ImageOutput;
}

/** Extension of each format's files. */
export const EXTENSIONS: Record<ImageOutput["format"], string> = {
  jpeg: "jpg",
  png: "png",
  webp: "webp",
  avif: "avif",
};

/** The files that a unit's outputs ask for, of each source. */
export function renderingsOf(outputs: readonly Output[]): Rendering[] {
  return outputs.flatMap(({ name, image }) =>
    image
      ? [{ output: name, format: image.format, width: image.width, height: image.height, settings: image }]
      : [],
  );
}

/** Puts a rendering's steps on a pipeline, in the order in which libvips does them. */
export function render(pipeline: Sharp, { width, height, settings }: Rendering): Sharp {
  if (width === undefined && height === undefined) return pipeline;
  return pipeline.resize({
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    fit: settings.fit,
    position: settings.position,
    background: LETTERBOX[settings.format],
  });
}

/** What fills a letterbox: nothing where the format knows nothing, white elsewhere. */
const LETTERBOX: Record<ImageOutput["format"], { r: number; g: number; b: number; alpha: number }> = {
  jpeg: { r: 255, g: 255, b: 255, alpha: 1 },
  png: { r: 255, g: 255, b: 255, alpha: 0 },
  webp: { r: 255, g: 255, b: 255, alpha: 0 },
  avif: { r: 255, g: 255, b: 255, alpha: 0 },
};

/** Puts the encoder and its settings on a pipeline. Metadata are left out by sharp unless it is told to keep them. */
export function encode(pipeline: Sharp, { format, settings }: Rendering): Sharp {
  switch (format) {
    case "jpeg":
      return pipeline
        .flatten({ background: LETTERBOX.jpeg })
        .jpeg({ quality: qualityNumber("jpeg", settings.quality) });
    case "png": {
      const quality = paletteQuality(settings.quality);
      return pipeline.png(quality === undefined ? {} : { palette: true, quality });
    }
    case "webp":
      return pipeline.webp({ quality: qualityNumber("webp", settings.quality) });
    case "avif":
      return pipeline.avif({ quality: qualityNumber("avif", settings.quality) });
  }
}
