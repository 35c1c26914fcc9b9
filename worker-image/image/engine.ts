import { createHash, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { expandTemplate, tokensOf } from "../../crds/naming.ts";
import type { Output } from "../../crds/outputs/output.ts";
import type { MadeOutput } from "../../crds/result.ts";
import type { Source } from "../../crds/source.ts";
import type { Unit } from "../../crds/unit.ts";
import type { Engine, EngineContext, OpenedSource, Product } from "../engine.ts";
import { earlyValues } from "../storage/early-values.ts";
import { WorkFailure } from "../work-failure.ts";
import { Admission } from "./admission.ts";
import { isOutputError } from "./decode-failure.ts";
import { decodeFor, needsOwnDecode } from "./decode-settings.ts";
import { DESCRIPTION_TEMPLATE, describeSet, isDescribed } from "./image-set.ts";
import { type ImageSource, openImage } from "./image-source.ts";
import { neededBytes, RUNTIME_BYTES, refuseTooLarge } from "./memory.ts";
import { placeholdersOf } from "./placeholders.ts";
import { FinishedPixels, type RenderedFile, renderFile } from "./rendered-file.ts";
import { FILE_KINDS, type Rendering, renderingsOf } from "./rendering.ts";
import { decodeShared, planSharedDecode, sharedBytes } from "./shared-decode.ts";
import { Tracker } from "./tracker.ts";
import { verifyImage } from "./verify.ts";

/** Raised when the same source and spec would give other bytes than before. */
const REVISION = "5";

/** Still images, by sharp. It owns pixels; it never decodes a source twice for outputs that can share it. */
export const imageEngine: Engine = {
  versions: () => ({ image: REVISION, sharp: sharp.versions.sharp, vips: sharp.versions.vips }),

  async run(context) {
    const { unit, limits, signal } = context;
    const inFlightMax = imagesInFlight(limits.cpu, unit.sources.length);
    // libvips would keep operations it may never see again, and make as many threads as the node has cores.
    sharp.cache(false);
    sharp.concurrency(threadsPerImage(unit, inFlightMax));
    const admission = new Admission({ budgetBytes: limits.memoryBytes - RUNTIME_BYTES, inFlightMax });
    const tracker = new Tracker(context.progress, unit.sources.length * unit.outputs.length);
    const sources = unit.sources.values();
    const lanes = Array.from({ length: inFlightMax + 1 }, async () => {
      for (const source of sources) {
        signal.throwIfAborted();
        await makeAll(source, { context, admission, tracker });
      }
    });
    // All lanes, also when one ends early: a pipeline cannot be stopped, and must not outlive its files.
    for (const lane of await Promise.allSettled(lanes)) if (lane.status === "rejected") throw lane.reason;
  },
};

/**
 * One more than there are cores: while one image waits for its file or its directory, another decodes.
 * Measured on 2 cores, 24 MP JPEG to 320 px WebP: 15 images/s one at a time, 29 with 2 to 4 in flight.
 */
const imagesInFlight = (cpu: number, sources: number) => Math.min(Math.ceil(cpu) + 1, sources);

/**
 * Threads that libvips uses for one image: the cores that images in flight leave over. Where an AVIF may be
 * made never one alone, since libaom codes otherwise with one thread than with any other number, and the same
 * MediaJob has to give the same bytes on any machine. The other encoders do not care.
 */
function threadsPerImage({ limits, outputs }: Unit, inFlight: number): number {
  const mayBeAvif = outputs.some(
    ({ image }) =>
      image &&
      [image.format, ...(image.formats ?? [])].some((format) => format === "avif" || format === "Auto"),
  );
  return Math.max(mayBeAvif ? 2 : 1, Math.floor(Math.ceil(limits.cpu) / inFlight));
}

interface Workshop {
  context: EngineContext;
  admission: Admission;
  tracker: Tracker;
}

/** All outputs of one source. What goes wrong is told and counted; only the end of the attempt is thrown. */
async function makeAll(source: Source, { context, admission, tracker }: Workshop): Promise<void> {
  const { outputs, destination } = context.unit;
  let left = outputs.length;
  try {
    const image = await openImage(await context.openSource(source), context);
    tracker.enter(source.name, "preparing", left);
    const renderings = outputs.flatMap((output) => renderingsOf(output, image, destination.template));
    const found = await findMade(image, renderings, context);
    const missing = renderings.filter((rendering) => !found.has(rendering));
    const shared = planSharedDecode(image, renderings);
    const need = neededBytes(image, missing, shared ? sharedBytes(shared) : 0);
    const isRoomy = RUNTIME_BYTES + need.togetherBytes <= context.limits.memoryBytes;
    const needed = isRoomy ? need.togetherBytes : need.oneByOneBytes;
    if (missing.length > 0) {
      const { kind, width, height } = image;
      context.record({ source: source.name, kind, width, height, neededMemoryBytes: RUNTIME_BYTES + needed });
      refuseTooLarge(image, needed, context.limits.memoryBytes);
    }
    const files = new Admission({ budgetBytes: 0, inFlightMax: isRoomy ? Number.POSITIVE_INFINITY : 1 });
    await admission.run(missing.length > 0 ? needed : 0, async () => {
      context.signal.throwIfAborted();
      if (missing.length > 0) await image.ready();
      const decoded =
        shared && missing.length > 0 && (await decodeShared(image, shared).catch(explained(image)));
      tracker.enter(source.name, "resizing", left);
      const pixelsOf = (rendering: Rendering) =>
        decoded && !needsOwnDecode(rendering, image) ? decoded : () => decodeFor(image, rendering);
      const ended = await Promise.allSettled(
        outputs.map(async (output) => {
          await makeOutput(image, output, {
            renderings,
            found,
            pixelsOf,
            decoded: decoded || undefined,
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

type Found = ReadonlyMap<Rendering, MadeOutput | undefined>;

/** What need not be made: files of an earlier attempt, files that are kept, and those that failed to be found. */
async function findMade(
  image: ImageSource,
  renderings: readonly Rendering[],
  context: EngineContext,
): Promise<Found> {
  const found = new Map<Rendering, MadeOutput | undefined>();
  for (const rendering of renderings) {
    try {
      const made = await context.findMade(productOf(image.opened, rendering));
      if (made) found.set(rendering, made);
    } catch (error) {
      context.fail(error, { source: image.opened.source.name, output: rendering.output });
      found.set(rendering, undefined);
    }
  }
  return found;
}

/** All files of one output, and their description where there is to be one. */
async function makeOutput(
  image: ImageSource,
  output: Output,
  {
    renderings,
    found,
    pixelsOf,
    decoded,
    files,
    finished,
    context,
  }: {
    renderings: readonly Rendering[];
    found: Found;
    pixelsOf: (rendering: Rendering) => () => Sharp;
    decoded: (() => Sharp) | undefined;
    /** Lets through as many files at once as there is memory for. */
    files: Admission;
    finished: FinishedPixels;
    context: EngineContext;
  },
): Promise<void> {
  const own = renderings.filter((rendering) => rendering.output === output.name);
  const made = await Promise.allSettled(
    own.map(async (rendering) => {
      if (found.has(rendering)) return found.get(rendering);
      const isShared = decoded !== undefined && !needsOwnDecode(rendering, image);
      return await files.run(0, () =>
        makeFile(image, rendering, { pixels: pixelsOf(rendering), finished, isShared, context }),
      );
    }),
  );
  for (const each of made) if (each.status === "rejected") throw each.reason;
  const ready = made.flatMap((each) => (each.status === "fulfilled" && each.value ? [each.value] : []));
  if (ready.length === own.length && output.image && isDescribed(output.image)) {
    await publishDescription(image, output, {
      files: ready,
      pixels: decoded ?? (() => image.decode()),
      context,
    });
  }
}

/**
 * One file: rendered, encoded, written aside, verified, published. Undefined when it failed.
 *
 * @throws WorkFailure when the source itself is at fault, so that it is told once and not for each output.
 */
async function makeFile(
  image: ImageSource,
  rendering: Rendering,
  {
    pixels,
    finished,
    isShared,
    context,
  }: { pixels: () => Sharp; finished: FinishedPixels; isShared: boolean; context: EngineContext },
): Promise<MadeOutput | undefined> {
  const subject = { source: image.opened.source.name, output: rendering.output };
  let file: RenderedFile;
  try {
    file = await renderFile(image, rendering, { pixels, finished, context });
  } catch (error) {
    if (isOutputError(error)) context.fail(notMakeable(error, rendering), subject);
    else if (error instanceof WorkFailure || isShared) context.fail(error, subject);
    else throw await image.explain(error);
    return undefined;
  }
  context.signal.throwIfAborted();
  try {
    const { data, info } = file;
    const { format } = rendering;
    const { width } = info;
    const height = info.pageHeight ?? info.height; // of one frame
    const staged = await stage(data, context);
    await verifyImage(staged, { format, width, height, bytes: data.length });
    return await context.publish(staged, productOf(image.opened, rendering), {
      format,
      width,
      height,
      sha256: sha256(data),
    });
  } catch (error) {
    context.fail(error, subject);
    return undefined;
  }
}

async function publishDescription(
  image: ImageSource,
  { name, image: settings }: Output,
  { files, pixels, context }: { files: readonly MadeOutput[]; pixels: () => Sharp; context: EngineContext },
): Promise<void> {
  const source = image.opened.source.name;
  const { template } = context.unit.destination;
  const early = earlyValues(context.unit, { source, output: name, ext: "json" });
  const isEarly = tokensOf(template).every((token) => early[token] !== undefined);
  const product: Product = {
    source: image.opened,
    output: name,
    variant: "description",
    ext: "json",
    ...(!isEarly && { template: DESCRIPTION_TEMPLATE }),
  };
  try {
    if (await context.findMade(product)) return;
    const wanted = settings?.placeholders ?? [];
    if (wanted.length > 0) await image.ready();
    const placeholders = wanted.length > 0 ? await placeholdersOf(pixels(), wanted) : {};
    const at = join(
      context.unit.destination.volume?.path ?? "",
      expandTemplate(product.template ?? template, early),
    );
    const description = describeSet({ source, output: name, at }, files, placeholders);
    const staged = await stage(`${JSON.stringify(description, null, 2)}\n`, context);
    await context.publish(staged, product, { format: "json" });
  } catch (error) {
    context.fail(error, { source, output: name });
  }
}

async function stage(content: Buffer | string, { stagingDir, signal }: EngineContext): Promise<string> {
  signal.throwIfAborted();
  const path = join(stagingDir, randomUUID());
  await writeFile(path, content);
  return path;
}

const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");

const productOf = (source: OpenedSource, { output, format, variant, suffix }: Rendering): Product => ({
  source,
  output,
  variant,
  suffix,
  ext: FILE_KINDS[format].ext,
});

const explained = (image: ImageSource) => async (error: unknown) => {
  throw await image.explain(error);
};

const notMakeable = (error: unknown, { output, format }: Rendering) =>
  new WorkFailure(
    "InvalidOutputSpec",
    `output ${output} cannot be made as ${format}: ${(error as Error).message}`,
    {
      cause: error,
    },
  );
