import type { Output } from "../../crds/outputs/output.ts";
import type { MadeOutput, Warning } from "../../crds/result.ts";
import type { Source } from "../../crds/source.ts";
import type { EngineContext, OpenedSource } from "../engine.ts";
import { Admission } from "./memory/admission.ts";
import { finishedSize } from "./memory/finished-size.ts";
import { type Making, neededBytes, refuseTooLarge } from "./memory/memory.ts";
import { RUNTIME_BYTES } from "./memory/runtime-memory.ts";
import { staysUntouched } from "./metadata/untouched.ts";
import { type Found, makeOutput, productOf } from "./output-files.ts";
import type { StrangeColours } from "./read/coded-colours.ts";
import { checkFrames, decodesFor, needsOwnDecode } from "./read/decode-settings.ts";
import { explained, type ImageSource, openImage, type Size } from "./read/image-source.ts";
import { decodeShared, planSharedDecode, type SharedDecode } from "./read/shared-decode.ts";
import { viewOf } from "./read/source-view.ts";
import { FinishedPixels } from "./rendered-file.ts";
import { type Rendering, renderingsOf } from "./rendering.ts";
import { drawsPlaceholders } from "./set/set-description.ts";
import { OverlayImages } from "./steps/overlay-images.ts";
import type { Tracker } from "./tracker.ts";

/** What the sources of a unit share. */
export interface Workshop {
  context: EngineContext;
  admission: Admission;
  tracker: Tracker;
}

/** All outputs of one source. What goes wrong is told and counted; only the end of the attempt is thrown. */
export async function makeAll(source: Source, { context, admission, tracker }: Workshop): Promise<void> {
  const { outputs, destination } = context.unit;
  let left = outputs.length;
  try {
    const image = await openImage(await context.openSource(source), context, admission);
    tracker.enter(source.name, "preparing", left);
    const viewFor = await viewsOf(image, outputs);
    const renderings = outputs.flatMap((output) =>
      renderingsOf(output, viewFor(output.name), destination.template),
    );
    const found = await findMade(image, renderings, { viewFor, context });
    const missing = renderings.filter((rendering) => !found.has(rendering));
    const shared = missing.length > 0 ? planSharedDecode(image, renderings) : undefined;
    const overlays = new OverlayImages(source, context, admission);
    const laid = await overlays.of(missing);
    const makings = await makingsOf(missing, { image, viewFor, shared });
    const need = neededBytes(image, makings, {
      shared,
      overlays: laid,
      placeholders: await drawingPlaceholders(image, { renderings, viewFor, context }),
    });
    const isRoomy = RUNTIME_BYTES + need.togetherBytes <= context.limits.memoryBytes;
    const needed = isRoomy ? need.togetherBytes : need.oneByOneBytes;
    if (needed > 0) {
      const { kind, width, height } = image;
      context.record({ source: source.name, kind, width, height, neededMemoryBytes: RUNTIME_BYTES + needed });
      refuseTooLarge(image, needed, { limitBytes: context.limits.memoryBytes, overlays: laid });
    }
    const files = new Admission({ budgetBytes: 0, inFlightMax: isRoomy ? Number.POSITIVE_INFINITY : 1 });
    await admission.run(needed, async () => {
      context.signal.throwIfAborted();
      if (missing.length > 0) await image.ready();
      const { opened, strangeColours } = image;
      const isDecoded = makings.some(({ pixels }) => pixels !== "copied");
      if (isDecoded && strangeColours) context.warn(takenForSrgb(opened, strangeColours));
      const decoded = shared && (await decodeShared(image, shared).catch(explained(image)));
      tracker.enter(source.name, "resizing", left);
      const pixelsOf = async (rendering: Rendering) =>
        decoded && !needsOwnDecode(rendering, image)
          ? decoded
          : await decodesFor(viewFor(rendering.output), rendering);
      const ended = await Promise.allSettled(
        outputs.map(async (output) => {
          await makeOutput(image, output, {
            view: viewFor(output.name),
            renderings,
            found,
            pixelsOf,
            decoded,
            overlays,
            files,
            finished: new FinishedPixels({ isKept: isRoomy }),
            context,
          });
          left -= 1;
          tracker.ended(source.name, 1);
        }),
      );
      for (const each of ended) if (each.status === "rejected") throw each.reason;
    });
  } catch (error) {
    context.fail(error, { source: source.name });
    tracker.ended(source.name, left);
  }
}

const takenForSrgb = ({ source }: OpenedSource, { reason, what }: StrangeColours): Warning => ({
  reason,
  message: `source ${source.name} (${source.volume?.path}) is a picture ${what}, which is not converted: it was taken for sRGB and looks dull; give it as sRGB, or with an ICC profile`,
  source: source.name,
});

/** What need not be made: files of an earlier attempt, files that are kept, and those that have failed already. */
async function findMade(
  image: ImageSource,
  renderings: readonly Rendering[],
  { viewFor, context }: { viewFor: Views; context: EngineContext },
): Promise<Found> {
  const found = new Map<Rendering, MadeOutput | undefined>();
  for (const rendering of renderings) {
    try {
      const made = await context.findMade(productOf(image.opened, rendering));
      if (made) found.set(rendering, made);
      else checkFrames(viewFor(rendering.output), rendering);
    } catch (error) {
      context.fail(error, { source: image.opened.source.name, output: rendering.output });
      found.set(rendering, undefined);
    }
  }
  return found;
}

/** The source as each output sees it, by the output's name. */
type Views = (output: string) => ImageSource;

async function viewsOf(image: ImageSource, outputs: readonly Output[]): Promise<Views> {
  const views = new Map<string, ImageSource>();
  for (const { name, image: settings } of outputs)
    if (settings) views.set(name, await viewOf(image, settings));
  return (output) => views.get(output) ?? image;
}

const makingsOf = (
  renderings: readonly Rendering[],
  { image, viewFor, shared }: { image: ImageSource; viewFor: Views; shared: SharedDecode | undefined },
): Promise<Making[]> =>
  Promise.all(
    renderings.map(async (rendering) => {
      const view = viewFor(rendering.output);
      const isCopied = await staysUntouched(view, rendering);
      const isShared = shared !== undefined && !needsOwnDecode(rendering, image);
      return {
        rendering,
        view,
        pixels: isCopied ? "copied" : isShared ? "shared" : "own",
      };
    }),
  );

/** The largest file of each output for which placeholders are to be drawn. */
async function drawingPlaceholders(
  image: ImageSource,
  {
    renderings,
    viewFor,
    context,
  }: { renderings: readonly Rendering[]; viewFor: Views; context: EngineContext },
): Promise<Map<string, Size>> {
  const largest = new Map<string, Size>();
  for (const output of context.unit.outputs) {
    // Widest first, and of one ratio.
    const rendering = renderings.find((each) => each.output === output.name);
    if (rendering && (await drawsPlaceholders(image, output, context)))
      largest.set(output.name, finishedSize(viewFor(output.name), rendering));
  }
  return largest;
}
