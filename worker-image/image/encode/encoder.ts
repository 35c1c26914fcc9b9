import type { Sharp } from "sharp";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import type { Rendering } from "../rendering.ts";
import { isFlattened, type Rgba } from "../steps/colour.ts";
import { isToned } from "../steps/tone.ts";
import { paletteOf, qualityNumber } from "./quality.ts";

const AVIF_EFFORT_MAX = 9;
const WEBP_EFFORT_MAX = 6;

/**
 * Puts the encoder and its settings on a pipeline; `background` is in the colours of that, and `quality` overrides
 * that of the spec.
 */
export function encode(
  pipeline: Sharp,
  { format, settings, ...wanted }: Rendering,
  { background, quality }: { background: Rgba; quality: ImageOutput["quality"] },
): Sharp {
  const { effort, palette, progressive } = settings;
  if (isFlattened({ format, settings })) pipeline.flatten({ background });
  switch (format) {
    case "jpeg":
      return pipeline.jpeg({
        quality: qualityNumber("jpeg", quality),
        progressive: progressive ?? false,
        chromaSubsampling: settings.chromaSubsampling ?? "4:2:0",
        mozjpeg: settings.mozjpeg ?? false,
      });
    case "png": {
      const fewer = settings.bitDepth === 16 ? undefined : paletteOf(settings, quality);
      const thorough = effort === undefined ? undefined : Math.max(1, effort);
      return pipeline.png({
        progressive: progressive ?? false,
        ...(thorough !== undefined && { compressionLevel: thorough }),
        // Said in any case: sharp takes any of a palette's options for a wish to have one.
        palette: fewer !== undefined,
        ...fewer,
        ...(fewer && thorough !== undefined && { effort: thorough }),
      });
    }
    case "webp":
      return pipeline.webp({
        quality: qualityNumber("webp", quality),
        effort: Math.min(effort ?? 4, WEBP_EFFORT_MAX),
        lossless: settings.lossless ?? false,
        nearLossless: settings.nearLossless ?? false,
        ...(settings.loop !== undefined && { loop: settings.loop }),
      });
    case "avif":
      return pipeline.avif({
        quality: qualityNumber("avif", quality),
        effort: Math.min(effort ?? 4, AVIF_EFFORT_MAX),
        lossless: settings.lossless ?? false,
        chromaSubsampling: settings.chromaSubsampling ?? "4:4:4",
      });
    case "gif":
      return pipeline.gif({
        progressive: progressive ?? false,
        effort: Math.max(1, effort ?? 7),
        reuse: keepsColours({ settings, ...wanted }),
        ...(palette && { colours: palette.colours, dither: palette.dither }),
        ...(settings.loop !== undefined && { loop: settings.loop }),
      });
    case "tiff":
      return pipeline.tiff({
        compression: settings.compression ?? "deflate",
        predictor: "horizontal",
        quality: qualityNumber("jpeg", quality),
      });
  }
}

/** What gives pixels other colours than the source has, beside a tone. */
const COLOURING = ["flatten", "extend", "rotate", "overlays", "shape", "palette"] as const;

/** Whether every pixel has a colour of the source: with the palette of that, all others become one of its colours. */
const keepsColours = ({ width, height, settings }: Omit<Rendering, "format">): boolean =>
  width === undefined &&
  height === undefined &&
  !isToned(settings) &&
  !COLOURING.some((field) => settings[field] !== undefined && settings[field] !== false);
