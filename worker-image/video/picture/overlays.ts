import type { BurnIn, Watermark } from "../../../crds/outputs/burn-in.ts";
import type { DynamicRange, Rate } from "../../probe/record.ts";
import { PAPER_WHITE } from "../subtitles/paper-white.ts";
import { REFERENCE_WHITE_NITS, TRANSFERS } from "./filters.ts";
import type { Size } from "./geometry.ts";

/** What is drawn over finished pictures, as filters. Pure. */

type Gravity = Watermark["gravity"];

/** The picture formats that overlay works in; others it would turn to 8 bits of 4:2:0 without a word. */
const OVERLAY_FORMATS: Readonly<Record<string, string>> = {
  yuv420p: "yuv420",
  yuv420p10le: "yuv420p10",
  yuv422p: "yuv422",
  yuv422p10le: "yuv422p10",
  yuv444p: "yuv444",
};

/**
 * The graph that lays the image of `input` on `base`. The image is brought to the colours of the picture here:
 * what a filter inserts by itself takes every picture for standard definition.
 */
export function watermarkGraph(
  { gravity, scale, margin, opacity, startSeconds, endSeconds }: Watermark,
  wish: {
    input: string;
    base: string;
    size: Size;
    pixelFormat: string;
    matrix: string;
    dynamicRange?: DynamicRange;
  },
): string {
  const width = Math.max(2, Math.round(wish.size.width * scale));
  const gap = Math.round(wish.size.width * margin);
  const image = [
    "format=rgba",
    `scale=${width}:-1:flags=lanczos`,
    ...(opacity < 1 ? [`colorchannelmixer=aa=${opacity}`] : []),
    ...codedAs(wish),
  ].join(",");
  const { x, y } = place(gravity, { outer: ["W", "H"], inner: ["w", "h"], gap });
  const when = `gte(t,${startSeconds})${endSeconds === undefined ? "" : `*lt(t,${endSeconds})`}`;
  const timed = startSeconds > 0 || endSeconds !== undefined ? `:enable='${when}'` : "";
  const format = OVERLAY_FORMATS[wish.pixelFormat] ?? "auto";
  return `[${wish.input}]${image}[mark];[${wish.base}][mark]overlay=${x}:${y}:format=${format}${timed}`;
}

/** The image's numbers as the pictures have them: in HDR its white is as bright as paper, and not as the sun. */
function codedAs({
  matrix,
  dynamicRange = "SDR",
}: {
  matrix: string;
  dynamicRange?: DynamicRange;
}): string[] {
  if (dynamicRange === "SDR") return [`scale=out_color_matrix=${matrix}:out_range=tv`, "format=yuva444p"];
  const from = "tin=iec61966-2-1:pin=bt709:min=gbr:rin=pc";
  return [
    "format=gbrap",
    `zscale=${from}:t=${TRANSFERS[dynamicRange]}:p=bt2020:m=bt2020nc:r=tv:npl=${REFERENCE_WHITE_NITS}`,
    "format=yuva444p10le",
  ];
}

/** In ffmpeg's words. */
const paperWhite = (dynamicRange: DynamicRange): string =>
  `0x${PAPER_WHITE[dynamicRange].toString(16).repeat(3)}`;

/** A still picture as the source of a watermark: what is opened must be one. */
export const WATERMARK_DEMUXERS = ["png_pipe", "jpeg_pipe", "webp_pipe"] as const;

/** @param fontsPath a directory of fonts that are known beside those of the system */
export const subtitleFilter = (path: string, fontsPath: string | undefined): string =>
  `ass=filename=${escaped(path)}${fontsPath === undefined ? "" : `:fontsdir=${escaped(fontsPath)}`}`;

/** @param start the timecode of the first frame that gets here */
export function timecodeFilter(
  { gravity, size }: NonNullable<BurnIn["timecode"]>,
  {
    start,
    rate,
    picture,
    dynamicRange = "SDR",
  }: { start: string; rate: Rate; picture: Size; dynamicRange?: DynamicRange },
): string {
  const letters = Math.max(8, Math.round(picture.height * size));
  const { x, y } = place(gravity, { outer: ["w", "h"], inner: ["tw", "th"], gap: letters });
  return [
    `drawtext=timecode=${escaped(start)}`,
    `timecode_rate=${rate.num}/${rate.den}`,
    "font=DejaVu Sans Mono",
    `fontsize=${letters}`,
    `fontcolor=${paperWhite(dynamicRange)}:box=1:boxcolor=black@0.5`,
    `boxborderw=${Math.round(letters / 5)}`,
    `x=${x}:y=${y}`,
  ].join(":");
}

function place(
  gravity: Gravity,
  { outer, inner, gap }: { outer: [string, string]; inner: [string, string]; gap: number },
): { x: string; y: string } {
  const along = (axis: 0 | 1, first: string, last: string) => {
    if (gravity.includes(first)) return `${gap}`;
    if (gravity.includes(last)) return `${outer[axis]}-${inner[axis]}-${gap}`;
    return `(${outer[axis]}-${inner[axis]})/2`;
  };
  return { x: along(0, "west", "east"), y: along(1, "north", "south") };
}

/** A value in a filter graph is read twice: as an option of its filter, then as a part of the graph. */
export function escaped(value: string): string {
  const inOption = value.replaceAll(/[\\':]/g, String.raw`\$&`);
  return inOption.replaceAll(/[\\'[\],;]/g, String.raw`\$&`);
}
