import type { OutputInfo } from "sharp";
import type { ImageFormat } from "../../crds/outputs/image/encoding.ts";
import type { ImageOutput } from "../../crds/outputs/image.ts";
import type { Output } from "../../crds/outputs/output.ts";
import type { ImageSource, Size } from "./read/image-source.ts";

/** One file that is to be made of a source. */
export interface Rendering {
  /** Name of the output in the unit. */
  output: string;
  format: ImageFormat;
  width: number | undefined;
  height: number | undefined;
  settings: ImageOutput;
  /** Tells apart the files of one output; unset when there is one. */
  variant?: string;
  /** Goes before the extension where the template does not tell widths apart, e.g. `-640w`. */
  suffix?: string;
}

/** The bytes of a rendering. */
export interface RenderedFile {
  data: Buffer;
  info: OutputInfo;
}

/** Extension and media type of each format. */
export const FILE_KINDS: Record<ImageFormat, { ext: string; mime: string; hasAlpha: boolean }> = {
  jpeg: { ext: "jpg", mime: "image/jpeg", hasAlpha: false },
  png: { ext: "png", mime: "image/png", hasAlpha: true },
  webp: { ext: "webp", mime: "image/webp", hasAlpha: true },
  avif: { ext: "avif", mime: "image/avif", hasAlpha: true },
  tiff: { ext: "tiff", mime: "image/tiff", hasAlpha: true },
  gif: { ext: "gif", mime: "image/gif", hasAlpha: true },
};

/** Whether what is transparent stays so in a file: a TIFF whose parts are JPEGs has no alpha either. */
export const holdsAlpha = ({ format, settings }: Pick<Rendering, "format" | "settings">): boolean =>
  FILE_KINDS[format].hasAlpha && !(format === "tiff" && settings.compression === "jpeg");

/** Whether a rendering of a source moves: the pages of a document are no frames, and only these formats have them. */
export const isAnimated = (
  { kind, frames }: Pick<ImageSource, "kind" | "frames">,
  { format, settings }: Pick<Rendering, "format" | "settings">,
): boolean =>
  settings.animated === true &&
  frames > 1 &&
  (kind === "gif" || kind === "webp") &&
  (format === "gif" || format === "webp");

/** The files that an output asks for of one source: each width in each format, widest first. */
export function renderingsOf(
  { name, image: settings }: Output,
  source: ImageSource,
  template: string,
): Rendering[] {
  if (!settings) return [];
  const formats = [...new Set([formatOf(settings, source), ...(settings.formats ?? [])])];
  const sizes = sizesOf(settings, source);
  const isSet = formats.length * sizes.length > 1;
  return sizes.flatMap((size) =>
    formats.map((format) => ({
      output: name,
      format,
      ...size,
      settings: format === "gif" ? withoutProfile(settings) : settings,
      ...(isSet && { variant: `${size.width ?? ""}${format}` }),
      ...(sizes.length > 1 && !template.includes("{width}") && { suffix: `-${size.width}w` }),
    })),
  );
}

/** A GIF has no place for a profile, without which colours mean sRGB. */
const withoutProfile = ({ colourspace: _, keepMetadata, ...settings }: ImageOutput): ImageOutput => ({
  ...settings,
  ...(keepMetadata && { keepMetadata: keepMetadata.filter((group) => group !== "Icc") }),
});

function formatOf({ format }: ImageOutput, { kind }: ImageSource): ImageFormat {
  if (format !== "Auto") return format;
  if (kind === "svg") return "png"; // sharp edges, and alpha
  return kind === "heic" ? "jpeg" : kind;
}

function sizesOf(settings: ImageOutput, source: ImageSource): Pick<Rendering, "width" | "height">[] {
  const { width, height, widths, upscale, extract } = settings;
  const from = extract ?? source;
  if (upscale !== undefined) {
    return [{ width: from.width * upscale, height: from.height * upscale }];
  }
  if (!widths) return [{ width, height }];
  const largest = Math.max(...widths);
  const sizes = widthsOfUse(settings, from).map((each) => ({
    width: each,
    height: height === undefined ? undefined : Math.max(1, Math.round((height * each) / largest)),
  }));
  return sizes.toSorted((a, b) => b.width - a.width);
}

/** The widths of a set that give a picture of their own: where nothing is enlarged, wider ones than some give the same. */
function widthsOfUse(
  { widths = [], height, fit, withoutEnlargement }: ImageOutput,
  from: Size,
): readonly number[] {
  const asked = [...new Set(widths)];
  if (!withoutEnlargement) return asked;
  const isWhole = fit === "inside" || fit === "outside" || fit === "contain";
  if (height === undefined || !isWhole) return [...new Set(asked.map((each) => Math.min(each, from.width)))];
  if (fit === "contain") return asked; // what is around the picture still grows
  const across = from.width;
  const down = (from.height * Math.max(...asked)) / height;
  const most = fit === "inside" ? Math.max(across, down) : Math.min(across, down);
  const enough = Math.min(...asked.filter((each) => each >= most));
  return asked.filter((each) => each <= enough);
}
