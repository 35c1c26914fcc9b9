import { createHash } from "node:crypto";
import type { Sharp } from "sharp";
import { isDescribed } from "../../crds/outputs/image.ts";
import type { Output } from "../../crds/outputs/output.ts";
import type { MadeOutput } from "../../crds/result.ts";
import type { EngineContext, OpenedSource, Product } from "../engine.ts";
import type { Admission } from "./memory/admission.ts";
import { pipelineFailure } from "./pipeline-failure.ts";
import { needsOwnDecode } from "./read/decode-settings.ts";
import type { ImageSource } from "./read/image-source.ts";
import { type FinishedPixels, renderFile } from "./rendered-file.ts";
import type { RenderedFile } from "./rendering.ts";
import { FILE_KINDS, type Rendering } from "./rendering.ts";
import { publishDescription } from "./set/set-description.ts";
import { stage } from "./staging.ts";
import type { OverlayImages } from "./steps/overlay-images.ts";
import { verifyImage } from "./verify.ts";

/** What need not be made: files that are there already; undefined for those that failed to be found. */
export type Found = ReadonlyMap<Rendering, MadeOutput | undefined>;

/** All files of one output, and their description where there is to be one. */
export async function makeOutput(
  image: ImageSource,
  output: Output,
  {
    view,
    renderings,
    found,
    pixelsOf,
    decoded,
    overlays,
    files,
    finished,
    context,
  }: {
    /** The source as the output sees it. */
    view: ImageSource;
    renderings: readonly Rendering[];
    found: Found;
    pixelsOf: (rendering: Rendering) => Promise<() => Sharp>;
    decoded: (() => Sharp) | undefined;
    overlays: OverlayImages;
    /** Lets through as many files at once as there is memory for. */
    files: Admission;
    finished: FinishedPixels;
    context: EngineContext;
  },
): Promise<void> {
  const own = renderings.filter((rendering) => rendering.output === output.name);
  const make = async (rendering: Rendering, narrower: MadeOutput | undefined) => {
    if (found.has(rendering)) return found.get(rendering);
    const isDecoded = decoded !== undefined && !needsOwnDecode(rendering, image);
    return await files.run(0, () =>
      makeFile(view, rendering, {
        pixels: () => pixelsOf(rendering),
        ...{ overlays, finished, isDecoded, narrower, context },
      }),
    );
  };
  const made = await Promise.allSettled(
    linesOf(own).map(async (line) => {
      const files: (MadeOutput | undefined)[] = [];
      for (const rendering of line) files.push(await make(rendering, files.at(-1)));
      return files;
    }),
  );
  for (const each of made) if (each.status === "rejected") throw each.reason;
  const ended = made.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  const ready = [...new Set(ended)].filter((file) => file !== undefined);
  if (!ended.includes(undefined) && output.image && isDescribed(output.image)) {
    await files.run(0, () => publishDescription(image, output, { files: ready, context }));
  }
}

/**
 * Renderings that are made one after another. Only the pixels tell how wide a trimmed picture is: where it is not
 * enlarged several widths may come to the same, and the narrowest stands for all.
 */
function linesOf(renderings: readonly Rendering[]): (readonly Rendering[])[] {
  const [{ settings } = {}] = renderings;
  if (!settings?.widths || !settings.trim || !settings.withoutEnlargement)
    return renderings.map((each) => [each]);
  return [...Map.groupBy(renderings.toReversed(), ({ format }) => format).values()];
}

/**
 * One file: rendered, encoded, written aside, verified, published. Undefined when it failed; the one that was asked
 * for narrower where it comes out as wide as that.
 *
 * @throws WorkFailure when the source itself is at fault, so that it is told once and not for each output.
 */
async function makeFile(
  view: ImageSource,
  rendering: Rendering,
  {
    pixels,
    overlays,
    finished,
    isDecoded,
    narrower,
    context,
  }: {
    pixels: () => Promise<() => Sharp>;
    overlays: OverlayImages;
    finished: FinishedPixels;
    isDecoded: boolean;
    narrower: MadeOutput | undefined;
    context: EngineContext;
  },
): Promise<MadeOutput | undefined> {
  const subject = { source: view.opened.source.name, output: rendering.output };
  let file: RenderedFile;
  try {
    file = await renderFile(view, rendering, { pixels, overlays, finished, context });
  } catch (error) {
    context.signal.throwIfAborted();
    context.fail(await pipelineFailure(error, { image: view, rendering, isDecoded }), subject);
    return undefined;
  }
  context.signal.throwIfAborted();
  try {
    const { data, info } = file;
    const { format } = rendering;
    const { width } = info;
    if (narrower?.width === width) return narrower;
    const height = info.pageHeight ?? info.height; // of one frame
    const staged = await stage(data, context);
    await verifyImage(staged, { format, width, height });
    return await context.publish(staged, productOf(view.opened, rendering), {
      format,
      width,
      height,
      sha256: sha256(data),
      bytes: data.length,
      flushed: true,
    });
  } catch (error) {
    context.fail(error, subject);
    return undefined;
  }
}

const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");

/** What a rendering is to the destination. */
export const productOf = (source: OpenedSource, { output, format, variant, suffix }: Rendering): Product => ({
  source,
  output,
  variant,
  suffix,
  ext: FILE_KINDS[format].ext,
});
