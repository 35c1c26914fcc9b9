import type { Sharp } from "sharp";
import type { Warning } from "../../crds/result.ts";
import type { EngineContext } from "../engine.ts";
import { encode } from "./encode/encoder.ts";
import { qualityNumber } from "./encode/quality.ts";
import { searchSize } from "./encode/size-search.ts";
import { finishedKey } from "./memory/finished-size.ts";
import { neededBytes, refuseTooLarge } from "./memory/memory.ts";
import { carryMetadata, withIptc, withMetadata } from "./metadata/encoded-metadata.ts";
import { applyLabels, keptGroups, keptMetadata } from "./metadata/metadata.ts";
import { losesUnasked, renderUntouched, staysUntouched } from "./metadata/untouched.ts";
import type { ImageSource } from "./read/image-source.ts";
import { type Coloured, keepPixels } from "./read/kept-pixels.ts";
import type { RenderedFile, Rendering } from "./rendering.ts";
import { checkRegion } from "./steps/geometry.ts";
import { checkLetters } from "./steps/letters.ts";
import { measureLevels } from "./steps/levels.ts";
import type { OverlayImages } from "./steps/overlay-images.ts";
import { compositionOf, shapeMask } from "./steps/overlays.ts";
import { place } from "./steps/placing.ts";
import { backgroundIn } from "./steps/profile.ts";
import { applyTone } from "./steps/tone.ts";

/**
 * The bytes of one rendering. One pass from decode to encode where that is possible; what needs to know the
 * finished size, or to encode several times, works on the finished pixels in memory.
 */
export async function renderFile(
  view: ImageSource,
  rendering: Rendering,
  {
    pixels,
    overlays,
    finished,
    context,
  }: {
    pixels: () => Promise<() => Sharp>;
    overlays: OverlayImages;
    finished: FinishedPixels;
    context: EngineContext;
  },
): Promise<RenderedFile> {
  const { settings, format } = rendering;
  checkRegion(rendering, view);
  await checkLetters(rendering);
  if (await staysUntouched(view, rendering)) {
    const untouched = await renderUntouched(view, rendering);
    if (untouched) return untouched;
    // Nobody could tell before that it has to be made anew, which takes more.
    const { oneByOneBytes } = neededBytes(view, [{ rendering, view, pixels: "own" }]);
    refuseTooLarge(view, oneByOneBytes, { limitBytes: context.limits.memoryBytes });
  }
  if (losesUnasked(view, rendering)) context.warn(codedAnew(view, rendering));
  const from = await finished.of(rendering, view, () =>
    render(view, rendering, { pixels, overlays, context }),
  );
  const background = await backgroundIn(from.profile, rendering, context.scratchDir);
  const kept = await keptMetadata(view, rendering);
  const finish = async (quality = settings.quality): Promise<RenderedFile> => {
    context.signal.throwIfAborted();
    const pipeline = applyLabels(encode(from.open(), rendering, { background, quality }), settings, {
      source: view,
      profile: from.profile,
    });
    if (kept) carryMetadata(pipeline, format, kept);
    const file = asSeen(await pipeline.toBuffer({ resolveWithObject: true }), view, rendering);
    return kept ? withMetadata(file, format, kept) : withIptc(file, format, view);
  };
  const { maxBytes } = settings;
  if (maxBytes === undefined) return await finish();
  const isLossy = format === "jpeg" || format === "webp" || format === "avif";
  if (isLossy)
    return await searchSize({ maxBytes, quality: qualityNumber(format, settings.quality) }, finish);
  const whole = await finish();
  if (whole.data.length > maxBytes) context.warn(largerThanAsked(view, rendering, whole));
  return whole;
}

/** A format that Auto or `formats` came to has no quality that could be searched. */
const largerThanAsked = (
  { opened: { source } }: ImageSource,
  { output, format, settings: { maxBytes } }: Rendering,
  { data }: RenderedFile,
): Warning => ({
  ...{ source: source.name, output, reason: "LargerThanAsked" },
  message: `source ${source.name}, output ${output}: takes ${data.length} bytes as ${format}, though maxBytes is ${maxBytes}, since a ${format} has no quality to be searched; ask for webp, avif or jpeg, or for a smaller image`,
});

/** What a set of pictures in several formats may come to by Auto, and nobody would see. */
const codedAnew = (
  { opened: { source } }: ImageSource,
  { output, settings: { quality } }: Rendering,
): Warning => ({
  ...{ source: source.name, output, reason: "CodedAnew" },
  message: `source ${source.name}, output ${output}: is coded anew at quality ${qualityNumber("avif", quality)} and loses a little, though nothing but metadata is asked to change: an avif keeps its pixels where it is upright, its colours are sRGB or stay by colourspace: keep, and its parts lie as is usual; say which quality it is to have, or lossless: true`,
});

/**
 * With the size that a viewer sees. Where all metadata stay and the picture is as it was stored, it is turned by whoever
 * shows it; of an AVIF that is done by its decoder, and is no matter of EXIF (ISO 23008-12, 6.5.10).
 */
function asSeen(
  { data, info }: RenderedFile,
  { kind, header }: ImageSource,
  rendering: Rendering,
): RenderedFile {
  const { format, settings } = rendering;
  const isLeftToViewers = settings.autoOrient === false && keptGroups(settings) === undefined;
  const isAcross = header.autoOrient.width !== header.width;
  if (format !== "avif" || kind === "heic" || !isLeftToViewers || !isAcross) return { data, info };
  return { data, info: { ...info, width: info.height, height: info.width } };
}

/**
 * Pixels that several formats of one size are encoded from: resizing once costs less than once a format.
 * Whether they are kept depends on the spec alone; `isKept` false makes the same ones anew for each format,
 * where there is no memory to hold them.
 */
export class FinishedPixels {
  readonly #kept: Map<string, Promise<Coloured>> | undefined;

  constructor({ isKept }: { isKept: boolean }) {
    this.#kept = isKept ? new Map() : undefined;
  }

  async of(rendering: Rendering, view: ImageSource, start: () => Promise<Coloured>): Promise<Coloured> {
    const key = finishedKey(rendering, view);
    if (key === undefined) return await start();
    const make = async () => await keepPixels((await start()).open(), rendering.settings);
    const kept = this.#kept?.get(key) ?? make();
    this.#kept?.set(key, kept);
    return await kept;
  }
}

/** The steps up to the encoder. */
async function render(
  view: ImageSource,
  rendering: Rendering,
  {
    pixels,
    overlays,
    context,
  }: { pixels: () => Promise<() => Sharp>; overlays: OverlayImages; context: EngineContext },
): Promise<Coloured> {
  const { settings } = rendering;
  const { scratchDir } = context;
  const decode = await pixels();
  const levels = settings.enhance && (await measureLevels(decode()));
  const toned = await applyTone(await place(view, rendering, { decode, scratchDir }), settings, levels);
  if (!settings.overlays && !settings.shape) return toned;
  const base = await keepPixels(toned.open(), settings);
  const layers = await compositionOf(settings.overlays ?? [], { base, images: overlays, context });
  if (settings.shape) layers.push(shapeMask(settings.shape, base.size));
  const ground = base.open().ensureAlpha();
  if (settings.bitDepth === 16) ground.pipelineColourspace("rgb16"); // layers are laid on 8 bits otherwise
  return await keepPixels(ground.composite(layers), settings);
}
