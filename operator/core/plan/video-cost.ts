import { DECODE, encodeSpeed, FILTERS } from "../../../crds/media-speed.ts";
import { isTwoPass } from "../../../crds/outputs/two-pass.ts";
import type { VideoOutput } from "../../../crds/outputs/video.ts";
import type { SourceFacts } from "../../../crds/result.ts";

/** What a source that was not probed is taken for. */
const ASSUMED = { width: 1920, height: 1080, fps: 30 };

/** The frame size and rate of a source; assumed where they are not known. */
export const pictureOf = ({ width, height, fps }: SourceFacts): typeof ASSUMED => ({
  width: width ?? ASSUMED.width,
  height: height ?? ASSUMED.height,
  fps: fps ?? ASSUMED.fps,
});

/** Processor seconds that a second of the source takes, on one core as fast as the tables' one. */
export interface VideoCost {
  /** Reading the source and what is done before pictures are scaled: once, however many outputs share it. */
  decode: number;
  /** Everything after that, for each output. */
  encode: readonly number[];
}

/** Of all outputs together. */
export const totalOf = ({ decode, encode }: VideoCost): number =>
  encode.reduce((sum, cost) => sum + cost, decode);

/** What outputs cost that are made from one decode of a source. */
export function costOf(outputs: readonly Partial<VideoOutput>[], known: SourceFacts): VideoCost {
  const { fps, ...size } = pictureOf(known);
  const megapixels = (pixels: number) => (pixels * fps) / 1e6;
  const source = megapixels(size.width * size.height);
  const [first = {}] = outputs;
  const deinterlaced =
    first.deinterlace === "Always" || (first.deinterlace !== "Never" && known.interlaced === 1);
  const largest = Math.max(0, ...outputs.map((output) => outputPixels(output, size)));
  const onlyCopied = outputs.every(({ codec }) => codec === "copy");
  return {
    decode: onlyCopied
      ? 0
      : source / DECODE +
        (deinterlaced ? source / FILTERS.deinterlace : 0) +
        (first.denoise ? source / FILTERS.denoise : 0) +
        (known.hdr === 1 && first.dynamicRange !== "Source" ? megapixels(largest) / FILTERS.toneMap : 0),
    encode: outputs.map(
      (output) =>
        (megapixels(outputPixels(output, size)) / encodeSpeed(output)) * (isTwoPass(output) ? TWO_PASSES : 1),
    ),
  };
}

/** A first pass takes six tenths of the second one. */
const TWO_PASSES = 1.6;

/** Pixels of an output's frame, near enough to plan by. */
export function outputPixels(
  { width, height, fit, enlarge, crop, upscale = 1 }: Partial<VideoOutput>,
  source: { width: number; height: number },
): number {
  const from = crop ?? source;
  if (width !== undefined && height !== undefined && fit !== "inside") return width * height;
  const factor = Math.min(
    enlarge ? Number.POSITIVE_INFINITY : 1,
    (width ?? Number.POSITIVE_INFINITY) / from.width,
    (height ?? Number.POSITIVE_INFINITY) / from.height,
  );
  const scale = (Number.isFinite(factor) ? factor : 1) * upscale;
  return from.width * from.height * scale ** 2;
}
