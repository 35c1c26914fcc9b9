import sharp, { type Sharp, type SharpOptions } from "sharp";
import type { ImageOutput } from "../../../crds/outputs/image.ts";
import { WorkFailure } from "../../work-failure.ts";
import { isLabelled, keptGroups } from "../metadata/metadata.ts";
import { isAnimated, type Rendering } from "../rendering.ts";
import type { Profile } from "../steps/profile.ts";
import { areDeepGreys, readDeepGreys } from "./deep-greys.ts";
import { type ImageSource, MAX_PIXELS, type Size } from "./image-source.ts";
import { timeLimited } from "./time-limit.ts";

/** An animation of more frames is made to be slow, and no browser plays it well. */
export const MAX_FRAMES = 2000;

/**
 * Whether a rendering needs the source otherwise than the others do: other frames, other colours, other
 * metadata than the plain pixels of a shared decode carry.
 */
export function needsOwnDecode({ settings }: Rendering, { kind }: ImageSource): boolean {
  return (
    kind === "svg" ||
    settings.animated === true ||
    settings.page !== undefined ||
    settings.autoOrient === false ||
    hasOwnColours(settings)
  );
}

/** Whether more than plain 8-bit sRGB pixels goes through the pipeline: depth, a profile, or all metadata. */
export const hasOwnColours = (settings: ImageOutput): boolean =>
  settings.bitDepth === 16 ||
  settings.colourspace === "p3" ||
  keepsProfile(settings) ||
  keptGroups(settings) === undefined;

/** Whether the pixels stay in the source's own colour space, with its profile: one of colours tells of no greys. */
const keepsProfile = (settings: ImageOutput): boolean =>
  (settings.colourspace === "keep" || (keptGroups(settings)?.has("Icc") ?? false)) && !turnsGrey(settings);

/** Whether a source's profile is one of three colours, as what is made of it has. */
const isOfColours = (space: string | undefined): boolean =>
  space !== "cmyk" && space !== "b-w" && space !== "grey16";

/** Whether all colour goes while a picture is resized. A tint needs no greys: it goes by the lightness alone. */
export const turnsGrey = ({ grayscale, tint }: ImageOutput): boolean =>
  grayscale === true && tint === undefined;

/** Whether none comes back with what is laid on the greys. */
const endsGrey = (settings: ImageOutput): boolean => turnsGrey(settings) && settings.overlays === undefined;

/** Continues a pipeline on pixels that are in their own colours already. */
export function withOwnColours(pipeline: Sharp, settings: ImageOutput): Sharp {
  const mayBeLabelled =
    settings.colourspace !== undefined || keepsProfile(settings) || settings.bitDepth === 16;
  if (mayBeLabelled) pipeline.keepIccProfile();
  if (keptGroups(settings) === undefined) pipeline.keepMetadata();
  if (settings.bitDepth === 16) pipeline.toColourspace(endsGrey(settings) ? "grey16" : "rgb16");
  return pipeline;
}

/** A new pipeline on the upright image in sRGB. */
export function decodePlain(source: ImageSource): Sharp {
  const pipeline = source.decode();
  return isDeepWithProfile(source) ? pipeline.withIccProfile("srgb", { attach: false }) : pipeline;
}

/**
 * Tells of a page that is not there, and of an animation that is too long or too large: before memory is asked for it.
 *
 * @throws WorkFailure InvalidOutputSpec, SourceTooLarge.
 */
export function checkFrames(source: ImageSource, rendering: Rendering): void {
  const { opened, frames, width, height } = source;
  const { output, settings } = rendering;
  if (settings.page !== undefined && settings.page >= frames) {
    throw new WorkFailure(
      "InvalidOutputSpec",
      `output ${output} asks for page ${settings.page}, and source ${opened.source.name} has ${frames}, counted from 0`,
    );
  }
  if (!isAnimated(source, rendering)) return;
  const pixels = width * height * frames;
  const tooMuch =
    frames > MAX_FRAMES
      ? `${frames} frames; ${MAX_FRAMES}`
      : pixels > MAX_PIXELS
        ? `${pixels} pixels, all its frames together; ${MAX_PIXELS}`
        : undefined;
  if (tooMuch === undefined) return;
  throw new WorkFailure(
    "SourceTooLarge",
    `source ${opened.source.name} has ${tooMuch} are allowed for animated outputs`,
  );
}

/**
 * What of the source a rendering is made of.
 *
 * @throws WorkFailure as `checkFrames`.
 */
export function decodeOptions(source: ImageSource, rendering: Rendering): SharpOptions {
  const { settings } = rendering;
  checkFrames(source, rendering);
  return {
    ...(settings.autoOrient === false && { autoOrient: false }),
    ...(isAnimated(source, rendering) && { animated: true }),
    ...(settings.page !== undefined && { page: settings.page }),
  };
}

/** New pipelines on the source as a rendering wants it; an SVG is drawn once for all of them, and deep greys are read once. */
export async function decodesFor(source: ImageSource, rendering: Rendering): Promise<() => Sharp> {
  const made = await decodable(source, {
    scale: drawnScale(source, rendering),
    options: decodeOptions(source, rendering),
    keepsMetadata: keptGroups(rendering.settings) === undefined,
  });
  const start = () => decodeFor(made, rendering);
  if (!isDepthChangedFirst(source, rendering)) return start;
  const data = await start().png({ compressionLevel: 0 }).toBuffer();
  return () => withOwnColours(timeLimited(sharp(data)), rendering.settings);
}

/**
 * Whether pixels that keep their own profile are brought to the depth that is asked for before anything else. sharp 0.35
 * puts such a profile back where it changes the depth, out of memory that is free by then if a step on the way (a mirror,
 * a blur, a crop by attention) has worked on the whole picture: the profile is lost, or is noise.
 */
export function isDepthChangedFirst(source: ImageSource, rendering: Rendering): boolean {
  const { settings } = rendering;
  const { hasProfile, space } = source.header;
  const isColour = space === "srgb" || space === "rgb16";
  return (
    keepsProfile(settings) &&
    settings.colourspace !== "p3" &&
    hasProfile &&
    isColour &&
    !isAnimated(source, rendering) &&
    space !== (settings.bitDepth === 16 ? "rgb16" : "srgb")
  );
}

/** The source, with its picture drawn where it is an SVG, and with deep greys read: to be awaited before it is decoded. */
export async function decodable(
  source: ImageSource,
  {
    scale = 1,
    options,
    keepsMetadata = false,
  }: { scale?: number; options?: SharpOptions; keepsMetadata?: boolean } = {},
): Promise<ImageSource> {
  if (source.drawing) return { ...source, decode: await source.drawing.at(scale) };
  return areDeepGreys(source) ? await readDeepGreys(source, { options, keepsMetadata }) : source;
}

/** A new pipeline on the source as a rendering wants it, in the colours it wants. */
function decodeFor(source: ImageSource, rendering: Rendering): Sharp {
  const { settings } = rendering;
  const { header } = source;
  const pipeline = source.decode(decodeOptions(source, rendering));
  // 16 bits without a profile have no label, and with one libvips would take them for P3.
  const isLabellable = header.hasProfile || header.space !== "rgb16";
  if (settings.colourspace === "p3") {
    if (header.space === "rgb16" && !header.hasProfile) {
      throw new WorkFailure(
        "InvalidOutputSpec",
        `output ${rendering.output} asks for p3, and source ${source.opened.source.name} has 16 bits and no colour profile: libvips would take its pixels for P3 already; give the source its profile, or ask for srgb`,
      );
    }
    if (staysWide(source, settings)) pipeline.pipelineColourspace("rgb16");
    pipeline.withIccProfile("p3");
  } else if (keepsProfile(settings) && isOfColours(header.space)) pipeline.keepIccProfile();
  else if (keptGroups(settings) === undefined && isLabellable)
    pipeline.withIccProfile("srgb"); // the label must be true
  else if (settings.bitDepth === 16 && isLabelled(source, settings))
    pipeline.withIccProfile("srgb"); // without it 16 bits that are kept on their way would be taken for P3
  else if (isDeepWithProfile(source)) pipeline.withIccProfile("srgb", { attach: false });
  if (keptGroups(settings) === undefined) {
    if (source.kind !== "heic") pipeline.keepMetadata();
    // The decoder has turned the picture and left EXIF as it was; what says otherwise must not stay.
    else if (isLabellable) pipeline.withMetadata({ orientation: 1 });
    else pipeline.keepXmp();
  }
  if (settings.bitDepth === 16) pipeline.toColourspace(endsGrey(settings) ? "grey16" : "rgb16");
  return pipeline;
}

/** Whether a P3 rendering is P3 and 16 bits inside: by way of 8-bit sRGB the wide colours would be cut first. */
const staysWide = ({ header }: ImageSource, { colourspace }: ImageOutput): boolean =>
  colourspace === "p3" && (header.space === "cmyk" || (header.hasProfile && isOfColours(header.space)));

/** Whether a pipeline that was started for a rendering has 16 bits a channel. */
export async function startsDeep(
  pipeline: Sharp,
  source: ImageSource,
  settings: ImageOutput,
): Promise<boolean> {
  const { space } = await pipeline.metadata();
  return space === "rgb16" || space === "grey16" || staysWide(source, settings);
}

/** The colours that a pipeline which was started for a rendering works in. */
export async function startingProfile(
  pipeline: Sharp,
  source: ImageSource,
  settings: ImageOutput,
): Promise<Profile> {
  if (staysWide(source, settings)) return "p3";
  const { icc, space } = await pipeline.metadata();
  if (icc === undefined || !isOfColours(space)) return undefined;
  if (keepsProfile(settings)) return icc;
  return space === "rgb16" ? "p3" : undefined;
}

/** libvips works on 16-bit images in Display P3; without a target the pixels would stay in it, unlabelled. */
const isDeepWithProfile = ({ header }: ImageSource): boolean => header.hasProfile && header.space === "rgb16";

/**
 * The scale at which an SVG has the pixels that are asked for, within the limit of pixels. A region and the margin
 * of a trim are told in the pixels of its own size, so there it is drawn at that.
 */
export function drawnScale({ width, height }: Size, { settings, ...wanted }: Rendering): number {
  if (settings.extract || settings.trim) return 1;
  const scales = [
    ...(wanted.width === undefined ? [] : [wanted.width / width]),
    ...(wanted.height === undefined ? [] : [wanted.height / height]),
  ];
  if (scales.length === 0) return 1;
  const isWithin = settings.fit === "contain" || settings.fit === "inside";
  const scale = isWithin ? Math.min(...scales) : Math.max(...scales);
  const most = settings.withoutEnlargement ? 1 : Math.sqrt(MAX_PIXELS / 4 / (width * height));
  return Math.min(scale, most);
}
