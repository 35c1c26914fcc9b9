import type { StreamOutput } from "../../crds/outputs/stream.ts";
import type { Size } from "../video/picture/geometry.ts";

/** One rendition of a stream. */
export interface Rung {
  /** Names its files, e.g. `720p`, or `720p-3000k` where several are as high. */
  name: string;
  size: Size;
  /** Cap of the video's bitrate. */
  bitrateKbps: number;
}

/** The middle of what streaming services give each tier in h264, at some 25 to 30 frames per second. */
const TIERS: readonly (readonly [shortSide: number, bitrateKbps: number])[] = [
  [240, 400],
  [360, 800],
  [480, 1200],
  [720, 2800],
  [1080, 5000],
  [1440, 9000],
  [2160, 16_000],
];

/** A source that lacks less than a tenth of a tier, such as one with its bars cut away, has that at its own size. */
const nearest = (tier: number, shortSide: number): number =>
  tier * 0.9 < shortSide ? Math.min(tier, shortSide) : tier;

/** Bitrate for equal looks, beside h264. */
const CODEC_FACTORS: Record<StreamOutput["codec"], number> = { h264: 1, h265: 0.65, av1: 0.55 };

/** The rungs, from the smallest to the largest, and what was asked for in vain. */
export function ladderOf(
  source: Size & { fps: number },
  output: Pick<StreamOutput, "ladder" | "renditions" | "codec">,
): { rungs: Rung[]; leftOut: number[] } {
  const shortSide = Math.min(source.width, source.height);
  const wanted: readonly (readonly [number, number])[] =
    output.renditions?.map(({ height, bitrateKbps }) => [height, bitrateKbps] as const) ??
    TIERS.map(
      ([height, kbps]) =>
        [
          nearest(height, shortSide),
          Math.round(kbps * CODEC_FACTORS[output.codec] * rateFactor(source.fps)),
        ] as const,
    );
  const fitting = wanted.filter(([height]) => height <= shortSide);
  const leftOut = output.renditions
    ? wanted.filter(([height]) => height > shortSide).map(([height]) => height)
    : [];
  // A source below every tier still becomes a stream, of its own size.
  const smallest = wanted.reduce(
    (least, tier) => (tier[0] < least[0] ? tier : least),
    wanted[0] ?? [shortSide, 400],
  );
  const chosen = fitting.length > 0 ? fitting : [[shortSide, smallest[1]] as const];
  const distinct = [...new Map(chosen.map((tier) => [`${tier}`, tier])).values()];
  const isAlone = (height: number) => distinct.filter((tier) => tier[0] === height).length === 1;
  const rungs = distinct
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .map(([height, bitrateKbps]) => ({
      name: isAlone(height) ? `${height}p` : `${height}p-${bitrateKbps}k`,
      size: sizeOf(source, height),
      bitrateKbps,
    }));
  return { rungs, leftOut };
}

/** More frames are more alike: twice as many take some 40 % more; slow rates save less than they drop. */
function rateFactor(fps: number): number {
  if (fps > 40) return 1.4;
  return fps < 18 ? 0.8 : 1;
}

/** The short side is the tier's; 4:2:0 wants even numbers. */
function sizeOf({ width, height }: Size, shortSide: number): Size {
  const factor = shortSide / Math.min(width, height);
  const even = (value: number) => Math.max(2, Math.round((value * factor) / 2) * 2);
  const bounded = (value: number, bound: number) => (value > bound ? value - 2 : value);
  return { width: bounded(even(width), width), height: bounded(even(height), height) };
}
