import { stillBytes } from "../../../crds/media-speed.ts";
import type { FramesOutput } from "../../../crds/outputs/frames.ts";
import { formatsOf, type ImageOutput } from "../../../crds/outputs/image.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import type { StreamOutput } from "../../../crds/outputs/stream.ts";
import { isTwoPass } from "../../../crds/outputs/two-pass.ts";
import type { VideoOutput } from "../../../crds/outputs/video.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import { isHardwareCodec, type UnitFamily } from "../../../crds/unit.ts";
import { audioSeconds, framesSeconds, stillPixels, wantedFrames } from "./sound-and-stills.ts";
import { ASSUMED_SECONDS, costOf, outputPixels, pictureOf, totalOf } from "./video-cost.ts";

/** What one attempt of a unit is expected to need. */
export interface Estimate {
  /** Cores that can be kept busy. */
  cpu: number;
  memoryBytes: number;
  /** What it comes to by the tables, where more was measured: it runs with that where nothing gives more. */
  leastMemoryBytes?: number;
  /** Disk for intermediate files. */
  scratchBytes: number;
  /** Wall time on `cpu` cores; also the weight of the unit in the MediaJob's progress. */
  seconds: number;
  /** Whether an accelerator makes it faster. */
  gpu: boolean;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A HEIC of 64 MP, four bytes a pixel, while another program decodes it; other pictures need none. */
const SCRATCH_BYTES = 256 * MIB;

/** Reading a header, or what needs no more than that: a video's sound is decoded in blocks of some kB. */
const SMALL: Estimate = {
  cpu: 1,
  memoryBytes: 384 * MIB,
  scratchBytes: SCRATCH_BYTES,
  seconds: 1,
  gpu: false,
};

/** A probe of a video takes about this; a picture less. */
const METADATA_SECONDS = 0.5;

/** Node and sharp or ffmpeg at rest, before the first pixel: measured 75 MB and 95 MB, rounded up. */
const RUNTIME_BYTES = 128 * MIB;

/** The decoded picture and one and a half of it while it is worked on, three bytes a pixel, and 20 % more. */
const decodedImageBytes = (pixels: number) => pixels * 3 * 2.5 * 1.2;

/** A photo is not probed before it is planned; this many pixels are taken for granted, as of a 24 MP camera. */
export const ASSUMED_IMAGE_PIXELS = 24e6;

/** Of a 24 MP JPEG. */
const DECODE_SECONDS = 0.2;

/** Seconds to encode some 2 MP in each format, measured with sharp 0.35 at its defaults. Sources are mostly JPEG. */
const IMAGE_FORMAT_SECONDS: Record<ImageOutput["format"], number> = {
  jpeg: 0.1,
  webp: 0.2,
  tiff: 0.2,
  png: 0.3,
  gif: 1,
  avif: 1.5,
  Auto: 0.2,
};

/** Images that a unit works on at once, one a core. */
const IMAGES_AT_ONCE = 2;

/** Reads a manifest of some kB for each unit, one after another. */
export const estimateFinalize = (units: number): Estimate => ({
  ...SMALL,
  seconds: 1 + units * 0.002,
});

/**
 * What a unit needs: outputs of one family, each made from each of so many sources.
 *
 * @param known what is known of its only source; assumed where it is not
 */
export function estimate(
  family: Exclude<UnitFamily, "finalize">,
  outputs: readonly Output[],
  sources: number,
  known: SourceFacts = {},
): Estimate {
  switch (family) {
    case "probe":
      return { ...SMALL, seconds: METADATA_SECONDS * sources };
    case "image":
      return estimateImages(outputs, sources);
    case "metadata":
      return { ...SMALL, seconds: METADATA_SECONDS * outputs.length * sources };
    case "video":
      return estimateVideo(
        outputs.map(({ video }) => video ?? {}),
        known,
      );
    case "stream":
      return estimateStream(outputs[0]?.stream, known);
    case "audio":
      return { ...SMALL, seconds: 1 + audioSeconds(outputs[0]?.audio, known) };
    case "frames":
      return estimateFrames(outputs[0]?.frames, known);
  }
}

/** A unit that makes `outputs` from each of `sources` photos. */
function estimateImages(outputs: readonly Output[], sources: number): Estimate {
  const atOnce = Math.min(IMAGES_AT_ONCE, sources);
  return {
    cpu: atOnce,
    memoryBytes: RUNTIME_BYTES + decodedImageBytes(ASSUMED_IMAGE_PIXELS) * atOnce,
    scratchBytes: SCRATCH_BYTES,
    seconds: (imageSeconds(outputs) * sources) / atOnce,
    gpu: false,
  };
}

/** Seconds on one core to make outputs of a family from one source of a unit of many. */
export const secondsEach = (
  family: "image" | "metadata",
  outputs: readonly (Output | undefined)[],
): number => (family === "image" ? imageSeconds(outputs) : METADATA_SECONDS * outputs.length);

/** A decode, shared by all outputs, and an encode for each file. */
const imageSeconds = (outputs: readonly (Output | undefined)[]): number =>
  outputs.reduce((sum, output) => sum + (output?.image ? encodeSeconds(output.image) : 0), DECODE_SECONDS);

/** Every width in every format. */
const encodeSeconds = (image: ImageOutput): number =>
  formatsOf(image).reduce((sum, format) => sum + IMAGE_FORMAT_SECONDS[format], 0) *
  (image.widths?.length ?? 1);

/** Cores that one run of ffmpeg keeps busy. */
const VIDEO_CPU = 4;

/** Beyond these a formula asks for what no encode was seen to take: it counts a second of frames. */
const MEMORY = { leastBytes: 384 * MIB, mostBytes: 6 * GIB, fps: 30 };

/** Frames that an encoder holds, to look ahead and to refer to: 380 MB were seen for 1080p with decoder and filters. */
const FRAMES_HELD = 80;

/** Renditions of one video that are made together, each with an encoder of its own, from one decode. */
function estimateVideo(outputs: readonly Partial<VideoOutput>[], known: SourceFacts): Estimate {
  const source = pictureOf(known);
  const seconds = known.durationSeconds ?? ASSUMED_SECONDS;
  const cost = costOf(outputs, known);
  const [first = {}, ...more] = outputs;
  const enlarged = Math.max(0, outputPixels(first, source) - source.width * source.height);
  const pixelsHeld = more.reduce((sum, output) => sum + outputPixels(output, source), enlarged);
  const held = pixelsHeld * 1.5 * FRAMES_HELD;
  return {
    cpu: VIDEO_CPU,
    memoryBytes: RUNTIME_BYTES + Math.min(MEMORY.mostBytes, Math.ceil(videoMemoryBytes(source) + held)),
    scratchBytes: videoScratchBytes(outputs, { ...source, seconds }),
    seconds: Math.max(1, totalOf(cost) / VIDEO_CPU + cost.serial),
    gpu: outputs.some((output) => isHardwareCodec(output.codec ?? "h264") && !isTwoPass(output)),
  };
}

/** HD: width × height × 3 × fps × 4.0 and 25 % more; above HD × 5.0 and 30 % more, of a second of frames. */
function videoMemoryBytes({ width, height, fps }: { width: number; height: number; fps: number }): number {
  const secondOfFrames = width * height * 3 * Math.min(fps, MEMORY.fps);
  const isHd = width * height <= 1920 * 1080;
  const bytes = secondOfFrames * (isHd ? 4 * 1.25 : 5 * 1.3);
  return Math.ceil(Math.min(MEMORY.mostBytes, Math.max(MEMORY.leastBytes, bytes)));
}

/**
 * What is written is staged at the destination; scratch holds what two passes hand on. x264 keeps two bytes for each
 * block of 16 × 16 pixels of each frame, and a line.
 */
function videoScratchBytes(
  outputs: readonly Partial<VideoOutput>[],
  { seconds, fps, ...size }: { width: number; height: number; fps: number; seconds: number },
): number {
  const stats = outputs
    .filter(isTwoPass)
    .map((output) => seconds * fps * ((outputPixels(output, size) / 256) * 2 + 200));
  return VIDEO_SCRATCH_BYTES + Math.ceil(stats.reduce((sum, bytes) => sum + bytes, 0) * 1.25);
}

/** Subtitles to draw, links to files, and room for what is unforeseen. */
const VIDEO_SCRATCH_BYTES = 256 * MIB;

/** Shorter sides of the tiers that a ladder has up to the source's. */
const TIERS = [240, 360, 480, 720, 1080, 1440, 2160];

/** A ladder from one decode: an encoder for each rung, and all segments on disk. */
function estimateStream(stream: StreamOutput | undefined, known: SourceFacts): Estimate {
  return { ...estimateVideo(rungsOf(stream, known), known), gpu: false, scratchBytes: 4 * GIB };
}

function rungsOf(stream: StreamOutput | undefined, known: SourceFacts): Partial<VideoOutput>[] {
  const { width, height } = pictureOf(known);
  const side = Math.min(width, height);
  const sides = (
    stream?.renditions?.map(({ height }) => height) ??
    TIERS.map((tier) => (tier * 0.9 < side ? Math.min(tier, side) : tier))
  ).filter((each) => each <= side);
  return (sides.length > 0 ? sides : [side]).map((each) => ({
    ...(stream && { codec: stream.codec, dynamicRange: stream.dynamicRange, verify: stream.verify }),
    ...(stream?.fps && { fps: stream.fps }),
    ...(stream?.preset && { preset: stream.preset }),
    ...(height <= width ? { height: each } : { width: each }),
  }));
}

/** Frames of a source are taken by a few processes at once, and two pictures are written. */
const FRAMES_CPU = 2;

/**
 * PNGs of all frames lie in scratch until they have become pictures: two bytes for a pixel, as of a noisy one. Keyframes
 * that are copied out before they are decoded are as few as fit beside them, and sources are open for as many frames at once
 * as there is memory for.
 */
function estimateFrames(frames: FramesOutput | undefined, known: SourceFacts): Estimate {
  const source = pictureOf(known);
  const pixels = stillPixels(frames, source);
  return {
    ...SMALL,
    cpu: FRAMES_CPU,
    memoryBytes: Math.max(768 * MIB, RUNTIME_BYTES + stillBytes(source.width * source.height, pixels)),
    scratchBytes: SCRATCH_BYTES + Math.ceil(wantedFrames(frames, known) * pixels * 2),
    seconds: 1 + framesSeconds(frames, known) / FRAMES_CPU,
  };
}

/** Parts are copied into one file, the sound is encoded: little beside the pictures, where these are not decoded again. */
export function estimateJoin(output: Output | undefined, known: SourceFacts): Estimate {
  const { durationSeconds = 0 } = known;
  const pictures = output?.video ? [output.video] : rungsOf(output?.stream, known);
  return {
    ...SMALL,
    scratchBytes: GIB,
    seconds: 2 + durationSeconds * 0.02 + costOf(pictures, known).verify,
  };
}
