import type { ImageOutput } from "../../../crds/outputs/image.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import type { StreamOutput } from "../../../crds/outputs/stream.ts";
import type { VideoOutput } from "../../../crds/outputs/video.ts";
import type { SourceFacts } from "../../../crds/result.ts";
import type { UnitFamily } from "../../../crds/unit.ts";

/** What one attempt of a unit is expected to need. */
export interface Estimate {
  /** Cores that can be kept busy. */
  cpu: number;
  memoryBytes: number;
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

/** Seeds 004 "Image Processing Architecture Decisions": width × height × 3 × 2.5, with a margin of 20 %. */
const decodedImageBytes = (pixels: number) => pixels * 3 * 2.5 * 1.2;

/** A photo is not probed before it is planned; this many pixels are taken for granted, as of a 24 MP camera. */
const ASSUMED_IMAGE_PIXELS = 24e6;

/** Of a 24 MP JPEG. */
const DECODE_SECONDS = 0.2;

/** Seconds to encode some 2 MP in each format, measured with sharp 0.35 at its defaults. */
const IMAGE_FORMAT_SECONDS: Record<string, number> = { jpeg: 0.1, webp: 0.2, png: 0.3, avif: 1.5 };

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
      return estimateVideo(outputs[0]?.video ?? {}, known);
    case "stream":
      return estimateStream(outputs[0]?.stream, known);
    case "audio":
      return { ...SMALL, scratchBytes: 2 * GIB, seconds: 30 };
    case "frames":
      return { ...SMALL, cpu: 2, memoryBytes: 768 * MIB, scratchBytes: GIB, seconds: 20 };
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

/** A decode, shared by all outputs, and an encode for each. */
const imageSeconds = (outputs: readonly (Output | undefined)[]): number =>
  outputs.reduce((sum, output) => sum + encodeSeconds(output?.image), DECODE_SECONDS);

const encodeSeconds = (image: ImageOutput | undefined): number => {
  const formats = image?.formats ?? [image?.format ?? "jpeg"];
  const seconds = formats.reduce((sum, format) => sum + (IMAGE_FORMAT_SECONDS[format] ?? 0.3), 0);
  return seconds * (image?.widths?.length ?? 1);
};

/** Seeds 004's default for a video task where nothing is known of the source: 300 s of work. */
const ASSUMED_VIDEO_SECONDS = 300;

/** Where a source was not probed, this frame size and rate are taken for granted. */
const ASSUMED_SOURCE = { width: 1920, height: 1080, fps: 30 };

/**
 * Work on four cores for each second of 1080p30 at `medium`: 2.05 processor seconds were measured for a second of
 * 1080p25 with ffmpeg 5.1 and libx264.
 */
const WORK_PER_SECOND = 0.6;

/** Time of each x264 preset relative to `medium`, measured on 1080p with ffmpeg 5.1. */
const PRESET_FACTORS: Record<string, number> = {
  ultrafast: 0.2,
  superfast: 0.3,
  veryfast: 0.45,
  faster: 0.7,
  fast: 0.85,
  medium: 1,
  slow: 1.6,
  slower: 3,
  veryslow: 6,
};

/** Beyond these the formula below asks for what no encode was seen to take: it counts a second of frames. */
const MEMORY = { leastBytes: 384 * MIB, mostBytes: 6 * GIB, fps: 30 };

/**
 * A rendition of one video. Memory: a second of decoded frames, width × height × 3 × fps, × 4.0 up to HD with a margin
 * of 25 %, × 5.0 and 30 % above, for the frames that decoder, filters and the encoder's look-ahead hold.
 */
function estimateVideo(video: Partial<VideoOutput>, known: SourceFacts): Estimate {
  const { width, height, fps } = ASSUMED_SOURCE;
  const source = {
    width: known.width ?? width,
    height: known.height ?? height,
    fps: known.fps ?? fps,
  };
  const shorterSide = Math.min(source.width, source.height);
  const share = Math.min(video.height ?? shorterSide, shorterSide) / shorterSide;
  const work =
    known.durationSeconds === undefined
      ? ASSUMED_VIDEO_SECONDS
      : known.durationSeconds * WORK_PER_SECOND * (source.fps / ASSUMED_SOURCE.fps);
  const pixels = (source.width * source.height * share ** 2) / (ASSUMED_SOURCE.width * ASSUMED_SOURCE.height);
  return {
    cpu: 4,
    memoryBytes: RUNTIME_BYTES + videoMemoryBytes(source),
    scratchBytes: 1024 * MIB,
    seconds: Math.max(1, work * pixels * (PRESET_FACTORS[video.preset ?? "medium"] ?? 1)),
    gpu: HARDWARE_CODECS.includes(video.codec ?? "h264") && !video.twoPass && video.targetBytes === undefined,
  };
}

/** The codecs that hardware has encoders for. */
const HARDWARE_CODECS: readonly string[] = ["h264", "h265", "av1"];

function videoMemoryBytes({ width, height, fps }: typeof ASSUMED_SOURCE): number {
  const secondOfFrames = width * height * 3 * Math.min(fps, MEMORY.fps);
  const isHd = width * height <= ASSUMED_SOURCE.width * ASSUMED_SOURCE.height;
  const bytes = secondOfFrames * (isHd ? 4 * 1.25 : 5 * 1.3);
  return Math.ceil(Math.min(MEMORY.mostBytes, Math.max(MEMORY.leastBytes, bytes)));
}

/** Shorter sides of the tiers that a ladder has up to the source's. */
const TIERS = [240, 360, 480, 720, 1080, 1440, 2160];

/** A ladder from one decode: as much memory as two encoders, and all segments on disk. */
function estimateStream(stream: StreamOutput | undefined, known: SourceFacts): Estimate {
  const whole = estimateVideo({ ...(stream?.preset && { preset: stream.preset }) }, known);
  const side = Math.min(known.width ?? ASSUMED_SOURCE.width, known.height ?? ASSUMED_SOURCE.height);
  const rungs = (stream?.renditions?.map(({ height }) => height) ?? TIERS).filter((height) => height <= side);
  const pixels = rungs.reduce((sum, height) => sum + (height / side) ** 2, 0) || 1;
  return {
    ...whole,
    gpu: false,
    memoryBytes: Math.min(MEMORY.mostBytes, whole.memoryBytes * 2),
    scratchBytes: 4 * GIB,
    seconds: whole.seconds * pixels,
  };
}

/** Parts are copied into one file, the sound is encoded: little beside the pictures. */
export const estimateJoin = ({ durationSeconds = 0 }: SourceFacts): Estimate => ({
  ...SMALL,
  scratchBytes: GIB,
  seconds: 2 + durationSeconds * 0.02,
});
