import type { VideoOutput } from "../../../crds/outputs/video.ts";
import { hasAlpha } from "../../probe/pixel-format.ts";
import type { DynamicRange, Rate } from "../../probe/record.ts";
import { perSecond } from "../time/timing.ts";
import { type CodedMatrix, type ColorWork, colorFilters, MATRIX_NAMES } from "./color.ts";
import type { Scaling, Size } from "./geometry.ts";

/** What the pictures go through, decided before; see `picture-work.ts`. */
export interface PictureWork {
  deinterlace: "none" | "marked" | "all";
  /** Set when pictures are made of fields, and the encoder is to say so. */
  keepsFields: boolean;
  crop: VideoOutput["crop"];
  rotate: number;
  flip: VideoOutput["flip"];
  denoise: VideoOutput["denoise"];
  sharpen: number;
  /** Before scaling, upright and with its own pixel aspect. */
  from: Size;
  squarePixels: boolean;
  scaling: Scaling;
  background: string;
  /** What the encoder is given. */
  pixelFormat: string;
  /** By which matrix the pictures are coded in the end; undefined where they stay RGB. */
  matrix: CodedMatrix | undefined;
  /** Constant rate of the output; undefined keeps the source's timing. */
  fps: Rate | undefined;
  /** How many frames cuts are at that rate; undefined where all is kept. */
  cutFrames?: number | undefined;
  sourceFps: Rate | null;
  /** The rate to which frames are made between those of the source. */
  interpolate?: Rate | undefined;
  /** When the pictures end, in the time that they have after the filters; undefined where nothing tells. */
  endSeconds?: number | undefined;
  speed: number;
  /** How much later all pictures are shown, so that they stand on the frames of their rate. */
  delaySeconds?: number | undefined;
  /** The part of the source's time to keep, for a video that is made in parts. */
  window?: Window | undefined;
  /** How the colours of the source are made known; undefined where the file says enough. */
  color?: ColorWork | undefined;
  /** Set when the pictures follow others that are coded by another matrix. */
  toMatrix?: string | undefined;
  /** Set when HDR is mapped to BT.709. */
  toneMapFrom: Exclude<DynamicRange, "SDR"> | undefined;
}

/** From `startSeconds` on and before `endSeconds`, in the time of the source; open where undefined. */
export interface Window {
  startSeconds: number | undefined;
  endSeconds: number | undefined;
}

/** hqdn3d's spatial luma strength; its other three strengths follow from it. 4 is its own default. */
const DENOISE = { Light: 2, Medium: 4, Strong: 8 } as const;

/** Nits of diffuse white: ITU-R BT.2408, for PQ and HLG alike. */
export const REFERENCE_WHITE_NITS = 203;

/** ffmpeg's names of what codes the light of HDR. */
export const TRANSFERS = { HDR10: "smpte2084", HLG: "arib-std-b67" } as const;

/**
 * The filters in the order they have to run: colours are known first, fields become frames before anything moves pixels, frames are
 * dropped before they cost anything, a picture is made smaller before it is tone-mapped, put on bars in the colours it
 * has then, and sharpened last. ffmpeg itself turns the picture upright before the first of them.
 */
export function pictureFilters(work: PictureWork): string[] {
  const drops = dropsFrames(work);
  const rate = rateFilters(work);
  const steps: { filters: string[]; looksAtNeighbours?: boolean }[] = [
    { filters: work.delaySeconds ? [`setpts=PTS+${work.delaySeconds}/TB`] : [] },
    { filters: colorFilters(work) },
    { filters: deinterlaceFilter(work), looksAtNeighbours: true },
    { filters: work.speed === 1 ? [] : [`setpts=PTS/${work.speed}`] },
    { filters: drops ? rate : [], looksAtNeighbours: true },
    { filters: cropFilter(work) },
    { filters: turnFilters(work) },
    {
      filters: work.denoise ? [`hqdn3d=luma_spatial=${DENOISE[work.denoise]}`] : [],
      looksAtNeighbours: true,
    },
    { filters: scaleFilters(work) },
    { filters: toneMapFilters(work) },
    { filters: interpolateFilter(work), looksAtNeighbours: true },
    { filters: barFilters(work) },
    { filters: work.sharpen > 0 ? [`unsharp=5:5:${work.sharpen}:5:5:0`] : [] },
    { filters: drops ? [] : rate, looksAtNeighbours: true },
  ];
  // Frames outside the window go as soon as no filter needs them as a neighbour of one inside.
  const last = steps.findLastIndex(
    ({ filters, looksAtNeighbours }) => looksAtNeighbours && filters.length > 0,
  );
  return [
    ...steps.slice(0, last + 1).flatMap(({ filters }) => filters),
    ...windowFilter(work),
    ...steps.slice(last + 1).flatMap(({ filters }) => filters),
  ];
}

/**
 * The work on pictures that are used at several sizes: what is done once, before they are scaled apart, and what is left
 * for each. All but sizes and sharpness must be the same. Tone mapping is done once, at the largest size, since it costs
 * more than scaling; pictures that need none are scaled from the source, each as if it were alone.
 */
export function sharedWork(works: readonly [PictureWork, ...PictureWork[]]): {
  common: PictureWork;
  own: PictureWork[];
} {
  const [first] = works;
  const largest = {
    width: Math.max(...works.map(({ scaling }) => scaling.scaled.width)),
    height: Math.max(...works.map(({ scaling }) => scaling.scaled.height)),
  };
  const size = first.toneMapFrom ? largest : first.from;
  const squarePixels = first.toneMapFrom ? first.squarePixels : true;
  const drops = dropsFrames(first);
  return {
    common: {
      ...first,
      squarePixels,
      scaling: { scaled: size, final: size },
      pixelFormat: richestFormat(works.map(({ pixelFormat }) => pixelFormat)),
      fps: drops ? first.fps : undefined,
      sharpen: 0,
    },
    own: works.map((work) => ({
      ...work,
      ...(first.toneMapFrom && { from: largest, squarePixels: true }),
      toneMapFrom: undefined,
      color: undefined,
      fps: drops ? undefined : work.fps,
      sourceFps: null,
      deinterlace: "none",
      speed: 1,
      delaySeconds: undefined,
      crop: undefined,
      rotate: 0,
      flip: undefined,
      denoise: undefined,
    })),
  };
}

/** The format that holds all that any of these can hold. */
function richestFormat(formats: readonly string[]): string {
  const chroma = ["444", "422"].find((each) => formats.some((format) => format.includes(each))) ?? "420";
  return `yuv${chroma}p${formats.some((format) => format.endsWith("10le")) ? "10le" : ""}`;
}

/**
 * What ends a cut tells that it has ended where reading has got to, which is seconds later where pictures and sound lie
 * far apart in a file: until then the last frame would be repeated.
 */
function rateFilters({ fps, cutFrames }: PictureWork): string[] {
  if (!fps) return [];
  return [`fps=${fps.num}/${fps.den}`, ...(cutFrames === undefined ? [] : [`trim=end_frame=${cutFrames}`])];
}

/** Frames are dropped before they cost anything, and repeated after. */
const dropsFrames = ({ fps, sourceFps, speed }: PictureWork): boolean =>
  fps !== undefined && sourceFps !== null && perSecond(fps) < perSecond(sourceFps) * speed;

/**
 * Both bounds are rounded to the same clock by the same rule, so windows that share one share no frame. The end
 * also ends the run: an input's own `-t` counts from the first frame it finds and would shift the bound.
 */
function windowFilter({ window }: PictureWork): string[] {
  const { startSeconds, endSeconds } = window ?? {};
  const bounds = [
    ...(startSeconds === undefined ? [] : [`start=${startSeconds}`]),
    ...(endSeconds === undefined ? [] : [`end=${endSeconds}`]),
  ];
  return bounds.length > 0 ? [`trim=${bounds.join(":")}`] : [];
}

function deinterlaceFilter({ deinterlace }: PictureWork): string[] {
  if (deinterlace === "none") return [];
  return [`bwdif=mode=send_frame:parity=auto:deint=${deinterlace === "all" ? "all" : "interlaced"}`];
}

/**
 * After scaling, since it costs more for each pixel than all else, and after tone mapping, since it knows no more than 8
 * bits; both ways, by overlapping blocks. Of the last two frames it makes nothing, since it looks at what follows them:
 * the last one is shown to it twice more, and what comes of that behind the end is cut off.
 */
function interpolateFilter({ interpolate, endSeconds }: PictureWork): string[] {
  if (!interpolate) return [];
  return [
    "tpad=stop=2:stop_mode=clone",
    `minterpolate=fps=${interpolate.num}/${interpolate.den}:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1`,
    ...(endSeconds === undefined ? [] : [`trim=end=${endSeconds}`]),
  ];
}

function cropFilter({ crop }: PictureWork): string[] {
  return crop ? [`crop=${crop.width}:${crop.height}:${crop.left}:${crop.top}:exact=1`] : [];
}

function turnFilters({ rotate, flip }: PictureWork): string[] {
  const turns: Record<number, string[]> = {
    90: ["transpose=clock"],
    180: ["hflip", "vflip"],
    270: ["transpose=cclock"],
  };
  return [
    ...(turns[rotate] ?? []),
    ...(flip === "Horizontal" ? ["hflip"] : flip === "Vertical" ? ["vflip"] : []),
  ];
}

function scaleFilters({ from, squarePixels, scaling, toMatrix }: PictureWork): string[] {
  const { scaled, final } = scaling;
  const needed =
    toMatrix !== undefined || !squarePixels || scaled.width !== from.width || scaled.height !== from.height;
  const matrix = toMatrix === undefined ? "" : `:out_color_matrix=${toMatrix}`;
  // Lanczos keeps detail where pixels are taken away; where they are made it rings, and bicubic does less.
  const kernel = scaled.width > from.width || scaled.height > from.height ? "bicubic" : "lanczos";
  return [
    ...(needed
      ? [`scale=${scaled.width}:${scaled.height}:flags=${kernel}+accurate_rnd${matrix}`, "setsar=1"]
      : []),
    ...(final.width < scaled.width || final.height < scaled.height
      ? [`crop=${final.width}:${final.height}:exact=1`]
      : []),
  ];
}

/**
 * The bars around a picture. The filter that draws them codes every colour by BT.601, which is right for greys alone; so
 * where they are of another colour, it is given RGB, with more bits than the picture has.
 */
function barFilters({ scaling, background, pixelFormat, matrix }: PictureWork): string[] {
  const { scaled, final } = scaling;
  if (final.width <= scaled.width && final.height <= scaled.height) return [];
  const pad = `pad=${final.width}:${final.height}:(ow-iw)/2:(oh-ih)/2:color=0x${background.slice(1)}`;
  if (matrix === undefined || isGrey(background)) return [pad];
  const flags = "flags=accurate_rnd+full_chroma_inp+full_chroma_int";
  return [
    `scale=in_color_matrix=${matrix}:${flags}`,
    `format=${hasAlpha(pixelFormat) ? "gbrap12le" : "gbrp12le"}`,
    pad,
    `scale=out_color_matrix=${matrix}:out_range=tv:${flags}`,
    `format=${pixelFormat}`,
    `setparams=colorspace=${MATRIX_NAMES[matrix]}`,
  ];
}

const isGrey = (color: string): boolean => /^#(..)\1\1$/i.test(color);

/**
 * PQ or HLG to BT.709 by zimg and Hable's curve, in linear light, with as many bits and colours as the output has. The
 * transfer is named since some files leave it to the container, where zscale does not look.
 */
export function toneMapFilters({
  toneMapFrom,
  pixelFormat,
}: Pick<PictureWork, "toneMapFrom" | "pixelFormat">): string[] {
  if (!toneMapFrom) return [];
  const transfer = TRANSFERS[toneMapFrom];
  return [
    // Primaries too: a filter of their own for them makes the same bytes, and all of this takes a quarter longer.
    `zscale=tin=${transfer}:pin=bt2020:min=bt2020nc:t=linear:p=bt709:npl=${REFERENCE_WHITE_NITS}`,
    "format=gbrpf32le",
    "tonemap=tonemap=hable:desat=0",
    "zscale=t=bt709:m=bt709:r=tv",
    // HDR has no alpha that would be kept on this way.
    `format=${pixelFormat.replace("yuva", "yuv")}`,
  ];
}
