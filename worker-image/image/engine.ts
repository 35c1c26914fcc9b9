import { createHash, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type OutputInfo, type Sharp } from "sharp";
import type { Source } from "../../crds/source.ts";
import type { Engine, EngineContext, OpenedSource, Product } from "../engine.ts";
import { WorkFailure } from "../work-failure.ts";
import { Admission } from "./admission.ts";
import { isOutputError } from "./decode-failure.ts";
import { type ImageSource, openImage } from "./image-source.ts";
import { neededBytes, RUNTIME_BYTES } from "./memory.ts";
import { EXTENSIONS, encode, type Rendering, render, renderingsOf } from "./rendering.ts";
import { decodeShared, planSharedDecode, sharedBytes } from "./shared-decode.ts";
import { Tracker } from "./tracker.ts";
import { verifyImage } from "./verify.ts";

/** Raised when the same source and spec would give other bytes than before. */
const REVISION = "1";

/** Longest time for one pipeline; an image made to be slow ends alone and not with its unit. */
const PIPELINE_SECONDS_MAX = 300;

/** Still images, by sharp. It owns pixels; it never decodes a source twice for the outputs of one unit. */
export const imageEngine: Engine = {
  versions: () => ({ image: REVISION, sharp: sharp.versions.sharp, vips: sharp.versions.vips }),

  async run(context) {
    const { unit, limits, signal } = context;
    const renderings = renderingsOf(unit.outputs);
    const inFlightMax = imagesInFlight(limits.cpu, unit.sources.length);
    // libvips would keep operations it may never see again, and make as many threads as the node has cores.
    sharp.cache(false);
    sharp.concurrency(
      Math.max(1, Math.floor(Math.ceil(limits.cpu) / Math.min(inFlightMax, unit.sources.length))),
    );
    const admission = new Admission({ budgetBytes: limits.memoryBytes - RUNTIME_BYTES, inFlightMax });
    const tracker = new Tracker(context.progress, unit.sources.length * renderings.length);
    const sources = unit.sources.values();
    const lanes = Array.from({ length: inFlightMax + 1 }, async () => {
      for (const source of sources) {
        signal.throwIfAborted();
        await makeAll(source, { context, renderings, admission, tracker });
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

interface Workshop {
  context: EngineContext;
  renderings: readonly Rendering[];
  admission: Admission;
  tracker: Tracker;
}

/** All outputs of one source. What goes wrong is told and counted; only the end of the attempt is thrown. */
async function makeAll(source: Source, workshop: Workshop): Promise<void> {
  const { context, renderings, admission, tracker } = workshop;
  let left = renderings.length;
  try {
    const opened = await context.openSource(source);
    const missing = await findMissing(opened, workshop);
    left = missing.length;
    if (left === 0) return;
    const image = await openImage(opened, context.scratchDir);
    tracker.enter(source.name, "PREPROCESSING", left);
    const shared = planSharedDecode(image, renderings);
    const needed = neededBytes(image, missing, shared ? sharedBytes(shared) : 0);
    refuseTooLarge(image, needed, context.limits.memoryBytes);
    await admission.run(needed, async () => {
      context.signal.throwIfAborted();
      const pixels = shared
        ? await decodeShared(image, shared).catch(explained(image))
        : () => image.decode();
      tracker.enter(source.name, "RESIZE_OPERATIONS", left);
      for (const ended of await Promise.allSettled(
        missing.map(async (rendering) => {
          await makeOne(image, rendering, { pixels, isShared: shared !== undefined, context });
          left -= 1;
          tracker.ended(source.name, 1);
        }),
      )) {
        if (ended.status === "rejected") throw ended.reason;
      }
    });
  } catch (error) {
    context.fail(error, { source: source.name });
    tracker.ended(source.name, left);
  }
}

/** The renderings that no earlier attempt has made. */
async function findMissing(
  opened: OpenedSource,
  { context, renderings, tracker }: Workshop,
): Promise<Rendering[]> {
  const missing: Rendering[] = [];
  for (const rendering of renderings) {
    try {
      if (await context.findMade(productOf(opened, rendering))) tracker.ended(opened.source.name, 1);
      else missing.push(rendering);
    } catch (error) {
      context.fail(error, { source: opened.source.name, output: rendering.output });
      tracker.ended(opened.source.name, 1);
    }
  }
  return missing;
}

/**
 * One file: rendered, encoded, written aside, verified, published.
 *
 * @throws WorkFailure when the source itself is at fault, so that it is told once and not for each output.
 */
async function makeOne(
  image: ImageSource,
  rendering: Rendering,
  { pixels, isShared, context }: { pixels: () => Sharp; isShared: boolean; context: EngineContext },
): Promise<void> {
  const subject = { source: image.opened.source.name, output: rendering.output };
  let encoded: { data: Buffer; info: OutputInfo };
  try {
    const pipeline = encode(render(pixels(), rendering), rendering);
    encoded = await pipeline.timeout({ seconds: PIPELINE_SECONDS_MAX }).toBuffer({ resolveWithObject: true });
  } catch (error) {
    if (isOutputError(error)) return context.fail(notMakeable(error, rendering), subject);
    if (isShared) return context.fail(error, subject);
    throw await image.explain(error);
  }
  context.signal.throwIfAborted();
  const { data, info } = encoded;
  try {
    const staged = join(context.stagingDir, randomUUID());
    await writeFile(staged, data);
    const { width, height } = info;
    await verifyImage(staged, { format: rendering.format, width, height, bytes: data.length });
    await context.publish(staged, productOf(image.opened, rendering), {
      format: rendering.format,
      width,
      height,
      sha256: createHash("sha256").update(data).digest("hex"),
    });
  } catch (error) {
    context.fail(error, subject);
  }
}

const productOf = (source: OpenedSource, { output, format }: Rendering): Product => ({
  source,
  output,
  ext: EXTENSIONS[format],
});

const explained = (image: ImageSource) => async (error: unknown) => {
  throw await image.explain(error);
};

/** Asks for more memory before anything is decoded: the kernel's way of saying no ends the whole unit. */
function refuseTooLarge(image: ImageSource, needed: number, limitBytes: number): void {
  const neededMemoryBytes = Math.ceil((RUNTIME_BYTES + needed) / 2 ** 20) * 2 ** 20;
  if (neededMemoryBytes <= limitBytes) return;
  const { width, height, opened, kind } = image;
  throw new WorkFailure(
    "MemoryLimitExceeded",
    `source ${opened.source.name} is ${kind.toUpperCase()} of ${width} × ${height} and needs ${mib(neededMemoryBytes)} of memory, of which the unit has ${mib(limitBytes)}; the next attempt asks for it, or raise spec.resources`,
    { neededMemoryBytes },
  );
}

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)}Mi`;

const notMakeable = (error: unknown, { output, format }: Rendering) =>
  new WorkFailure(
    "InvalidOutputSpec",
    `output ${output} cannot be made as ${format}: ${(error as Error).message}`,
    {
      cause: error,
    },
  );
