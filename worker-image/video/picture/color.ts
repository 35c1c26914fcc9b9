import { hasAlpha } from "../../probe/pixel-format.ts";
import type { VideoStream } from "../../probe/record.ts";

/**
 * What the numbers of pictures mean. Where a file does not say by which matrix its colours are coded, players go by the
 * size: what is small is taken for BT.601, what is large for BT.709. So what is made says what its source was taken
 * for, or reds and greens would change with the size. Pictures in RGB are coded anew, always by BT.709.
 */

/** How the colours of a source are made known. */
export interface ColorWork {
  /** The matrix that is meant, where the file does not say it. */
  assumed?: string;
  /** Set when black and white are the ends of all numbers, which films are coded within. */
  fullRange?: true;
  /** The pixel format that RGB is coded in anew. */
  rgbTo?: string;
}

/** What of the work on pictures decides their colours. */
interface Work {
  color?: ColorWork | undefined;
  /** Set when HDR is mapped to BT.709. */
  toneMapFrom?: string | undefined;
}

/** The matrix that is meant where none is said, as mpv and others have it. */
function assumedMatrix({ dynamicRange, storedWidth, storedHeight }: VideoStream): string {
  if (dynamicRange !== "SDR") return "bt2020nc";
  return storedWidth >= 1280 || storedHeight > 576 ? "bt709" : "smpte170m";
}

const isRgb = ({ chroma }: Pick<VideoStream, "chroma">): boolean => chroma === "RGB";

/** A matrix in swscale's words. */
export type CodedMatrix = "bt601" | "bt709" | "bt2020";

/** The words of the tags that say so. */
export const MATRIX_NAMES: Record<CodedMatrix, string> = {
  bt601: "smpte170m",
  bt709: "bt709",
  bt2020: "bt2020nc",
};

/** By which matrix pictures are coded after the filters. */
export function codedMatrix(picture: VideoStream, { toneMapFrom, color }: Work): CodedMatrix {
  const matrix = toneMapFrom ? "bt709" : (color?.assumed ?? picture.color.matrix ?? "bt709");
  if (matrix.startsWith("bt2020")) return "bt2020";
  return matrix === "bt709" ? "bt709" : "bt601";
}

/** How a source's colours are to be made known; undefined where the file says enough. */
export function colorOf(picture: VideoStream): ColorWork | undefined {
  if (isRgb(picture)) {
    const isDeep = (picture.bitDepth ?? 8) > 8;
    const rgbTo = hasAlpha(picture.pixelFormat) ? "yuva444p10le" : isDeep ? "yuv444p10le" : "yuv444p";
    return { rgbTo, assumed: picture.dynamicRange === "SDR" ? "bt709" : "bt2020nc" };
  }
  const { matrix, range } = picture.color;
  // What a pixel format itself calls full, yuvj420p and its kind, is brought to what the encoder takes by ffmpeg.
  const fullRange = range === "pc" && !picture.pixelFormat?.startsWith("yuvj");
  if (isSaid(matrix) && !fullRange) return undefined;
  return {
    ...(!isSaid(matrix) && { assumed: assumedMatrix(picture) }),
    ...(fullRange && { fullRange }),
  };
}

/** The filters that make the colours of a source known to those that follow, before anything else. */
export function colorFilters({ color }: Work): string[] {
  if (!color) return [];
  const { rgbTo, assumed, fullRange } = color;
  const matrix = assumed === "bt2020nc" ? "bt2020" : assumed;
  return [
    ...(rgbTo
      ? [
          `scale=out_color_matrix=${matrix}:out_range=tv:flags=accurate_rnd+full_chroma_int`,
          `format=${rgbTo}`,
        ]
      : []),
    ...(fullRange ? ["scale=out_range=tv"] : []),
    ...(assumed ? [`setparams=colorspace=${assumed}`] : []),
  ];
}

/** What an encoder is told of the colours that pixels have after the filters. */
export function colorArguments({ work, picture }: { work: Work; picture: VideoStream }): string[] {
  const isRgb = work.color?.rgbTo !== undefined;
  if (work.toneMapFrom || (isRgb && picture.dynamicRange === "SDR")) {
    return ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"];
  }
  const { primaries, transfer, matrix } = picture.color;
  const meant = isSaid(matrix) ? matrix : work.color?.assumed;
  return [
    ...(isSaid(primaries) ? ["-color_primaries", primaries] : []),
    ...(isSaid(transfer) ? ["-color_trc", transfer] : []),
    ...(meant ? ["-colorspace", meant] : []),
    ...(work.color?.fullRange ? ["-color_range", "tv"] : []),
  ];
}

const isSaid = (value: string | null): value is string =>
  value !== null && value !== "unknown" && value !== "reserved" && value !== "gbr";
