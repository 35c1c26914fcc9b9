import { DECODE, encodeSpeed, FILTERS, INTERPOLATE } from "../../../crds/media-speed.ts";
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

/** Processor seconds, on one core as fast as the tables' one. */
export interface VideoCost {
  /** Reading the source and what is done before pictures are scaled: once, however many outputs share it. */
  decode: number;
  /** Everything after that, for each output. */
  encode: readonly number[];
  /** Decoding what was made, where all of it is; samples cost next to nothing. */
  verify: number;
  /** What of it runs on one core alone. */
  serial: number;
}

/** Of all outputs together. */
export const totalOf = ({ decode, encode, verify }: VideoCost): number =>
  encode.reduce((sum, cost) => sum + cost, decode + verify);

/** What outputs cost that are made from one decode of a source; they show the same of it, at one speed and rate. */
export function costOf(outputs: readonly Partial<VideoOutput>[], known: SourceFacts): VideoCost {
  const { fps, ...size } = pictureOf(known);
  const [first = {}] = outputs;
  const seconds = keptSeconds(first, known);
  const megapixels = (pixels: number) => (pixels * fps * seconds) / 1e6;
  const madeFps = first.interpolate?.fps ?? first.fps ?? fps;
  const made = (pixels: number) => (pixels * madeFps * seconds) / (first.speed ?? 1) / 1e6;
  const source = megapixels(size.width * size.height);
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
        (made(outputPixels(output, size)) / encodeSpeed(output)) * (isTwoPass(output) ? TWO_PASSES : 1),
    ),
    verify: outputs
      .filter(({ verify }) => verify === "Full")
      .reduce((sum, output) => sum + made(outputPixels(output, size)) / DECODE, 0),
    serial: first.interpolate ? made(outputPixels(first, size)) / INTERPOLATE : 0,
  };
}

/** Where nothing is known of a video, it is taken to last this long: some 300 s of work on four cores as 1080p. */
export const ASSUMED_SECONDS = 500;

/** Seconds of the source that are read: its cuts, or all of it. What is appended is taken to be as long. */
export function keptSeconds(
  { cuts, append, appendSources }: Pick<Partial<VideoOutput>, "cuts" | "append" | "appendSources">,
  { durationSeconds }: SourceFacts,
): number {
  const whole = durationSeconds ?? ASSUMED_SECONDS;
  if (!cuts?.length) return whole * (1 + (append ?? appendSources ?? []).length);
  return cuts.reduce((sum, { startSeconds, endSeconds }) => {
    // only an end that nobody knows is assumed, and so never before what was named
    const end =
      durationSeconds === undefined
        ? (endSeconds ?? startSeconds + whole)
        : Math.min(endSeconds ?? whole, whole);
    return sum + Math.max(0, end - startSeconds);
  }, 0);
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
