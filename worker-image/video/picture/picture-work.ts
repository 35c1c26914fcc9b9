import type { VideoOutput } from "../../../crds/outputs/video.ts";
import { MediaFailure } from "../../probe/media-failure.ts";
import { bitDepthOf, hasAlpha } from "../../probe/pixel-format.ts";
import type { VideoStream } from "../../probe/record.ts";
import { defaultPixelFormat } from "../encoders.ts";
import { exactRate, steadyRate } from "../time/timing.ts";
import { codedMatrix, colorOf } from "./color.ts";
import type { PictureWork } from "./filters.ts";
import { type Scaling, type Size, scalingOf } from "./geometry.ts";

/**
 * What has to be done to the pictures of a source, so that they are what an output asks for.
 *
 * @throws MediaFailure InvalidOutputSpec.
 */
export function pictureWork(
  picture: VideoStream,
  output: VideoOutput,
  warnings: { reason: string; message: string }[],
): PictureWork {
  const crop = output.crop;
  if (crop && (crop.left + crop.width > picture.width || crop.top + crop.height > picture.height)) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      `crop ${crop.width}×${crop.height} at ${crop.left},${crop.top} leaves the picture, which is ${picture.width}×${picture.height}`,
    );
  }
  const squarePixels = picture.sampleAspect.num === picture.sampleAspect.den;
  // Crop works on stored pixels; where those are not square its rectangle is given in shown ones.
  const shown: Size = crop ?? { width: picture.width, height: picture.height };
  const turned = output.rotate === 90 || output.rotate === 270;
  const from = turned
    ? { width: shown.height, height: shown.width }
    : { width: shown.width, height: shown.height };
  const scaling: Scaling = scalingOf(from, sizeWish(from, output));
  refuseTooLarge(scaling, from);
  const interlaced = picture.fieldOrder !== null && picture.fieldOrder !== "Progressive";
  const unchanged = interlaced && output.deinterlace === "Never";
  const scaled = scaling.scaled.height !== from.height;
  const keepsFields = unchanged && !scaled && holdsFields({ scaling, from }, output);
  if (unchanged && scaled) {
    warnings.push({
      reason: "InterlacedScaled",
      message: "an interlaced picture is scaled without being deinterlaced: moving edges will comb",
    });
  } else if (unchanged && !keepsFields && output.codec !== "copy") {
    warnings.push({
      reason: "FieldsUnmarked",
      message:
        "fields are kept, but players will take them for whole frames, whose moving edges comb: only h264 and prores can say that they are fields, where lines stay where they are; leave deinterlace out otherwise",
    });
  }
  const hdr = keepsHdr(picture, output);
  const pixelFormat = pixelFormatOf(picture, output);
  if (output.interpolate && hdr) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      "interpolate makes frames of 8 bits, too few for HDR that is kept: set dynamicRange SDR or leave interpolate out",
    );
  }
  if (output.interpolate && (picture.bitDepth ?? 8) > 8 && (bitDepthOf(pixelFormat) ?? 8) > 8) {
    warnings.push({
      reason: "InterpolatedIn8Bits",
      message: `the source has ${picture.bitDepth} bits, of which interpolate leaves 8: gradients may show bands`,
    });
  }
  if (output.watermark && isLaidIn8Bits(pixelFormat)) {
    warnings.push({
      reason: "WatermarkedIn8Bits",
      message: `a watermark leaves 8 bits of the pictures in ${pixelFormat}: gradients may show bands; take yuv422p10le, which keeps 10`,
    });
  }
  const color = colorOf(picture);
  const toneMapFrom = picture.dynamicRange !== "SDR" && !hdr ? picture.dynamicRange : undefined;
  return {
    deinterlace:
      output.deinterlace === "Always"
        ? "all"
        : output.deinterlace === "Auto" && interlaced
          ? "marked"
          : "none",
    keepsFields,
    crop: crop && !squarePixels ? storedCrop(crop, picture) : crop,
    rotate: output.rotate ?? 0,
    flip: output.flip,
    denoise: output.denoise,
    sharpen: output.sharpen ?? 0,
    from,
    squarePixels,
    scaling,
    background: output.background,
    pixelFormat,
    matrix: codedMatrix(picture, { color, toneMapFrom }),
    interpolate: output.interpolate && exactRate(output.interpolate.fps),
    fps:
      output.fps !== undefined
        ? exactRate(output.fps)
        : (output.speed ?? 1) !== 1 || output.append || output.appendSources
          ? (steadyRate(picture) ?? undefined)
          : undefined,
    sourceFps: picture.frameRate,
    speed: output.speed ?? 1,
    color,
    toneMapFrom,
  };
}

/** Whether an encoder writes fields as such, and every line stays in the field that it belongs to. */
function holdsFields(
  { scaling, from }: { scaling: Scaling; from: Size },
  { codec, profile, rotate = 0, flip, crop, interpolate }: VideoOutput,
): boolean {
  const { height } = scaling.final;
  const linesStay =
    height === from.height &&
    rotate === 0 &&
    flip !== "Vertical" &&
    (crop?.top ?? 0) % 2 === 0 &&
    !interpolate;
  // x264 wants whole pairs of lines of colour, and its baseline has no fields
  return (
    linesStay && (codec === "prores" || (codec === "h264" && profile !== "baseline" && height % 4 === 0))
  );
}

/** overlay knows no 4:4:4 of more bits. */
const isLaidIn8Bits = (pixelFormat: string): boolean => /444p1\dle$/.test(pixelFormat);

/** Whether pictures stay PQ or HLG. */
export const keepsHdr = ({ dynamicRange }: VideoStream, output: Pick<VideoOutput, "dynamicRange">): boolean =>
  dynamicRange !== "SDR" && output.dynamicRange === "Source";

/** The pixel format of what is made. */
export function pixelFormatOf(picture: VideoStream, output: VideoOutput): string {
  const { codec, profile, pixelFormat } = output;
  if (codec === "copy") return picture.pixelFormat ?? "unknown";
  const alpha = hasAlpha(picture.pixelFormat);
  return pixelFormat ?? defaultPixelFormat(codec, { profile, hdr: keepsHdr(picture, output), alpha });
}

/** `upscale` names the size by the source's. */
function sizeWish(from: Size, output: VideoOutput): Parameters<typeof scalingOf>[1] {
  const { upscale } = output;
  if (!upscale) return output;
  return { width: from.width * upscale, height: from.height * upscale, fit: "fill", enlarge: true };
}

/** Pixels of a side that pictures may be enlarged to; those of a source may have more. */
const MAX_SIDE = 8192;

function refuseTooLarge({ scaled }: Scaling, from: Size): void {
  const side = Math.max(scaled.width, scaled.height);
  if (side <= MAX_SIDE || side <= Math.max(from.width, from.height)) return;
  throw new MediaFailure(
    "InvalidOutputSpec",
    `a picture of ${from.width}×${from.height} would be enlarged to ${scaled.width}×${scaled.height}, and a side may have ${MAX_SIDE} pixels then: ask for less`,
  );
}

function storedCrop(
  crop: NonNullable<VideoOutput["crop"]>,
  picture: VideoStream,
): NonNullable<VideoOutput["crop"]> {
  const upright = picture.rotation % 180 === 0;
  const x = (upright ? picture.storedWidth : picture.storedHeight) / picture.width;
  const y = (upright ? picture.storedHeight : picture.storedWidth) / picture.height;
  return {
    left: Math.round(crop.left * x),
    top: Math.round(crop.top * y),
    width: Math.round(crop.width * x),
    height: Math.round(crop.height * y),
  };
}
