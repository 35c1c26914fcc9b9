import type { MadeOutput } from "../../crds/result.ts";
import type { Source } from "../../crds/source.ts";
import type { EngineContext } from "../engine.ts";
import { Admission } from "./admission.ts";
import { decodeFor, needsOwnDecode } from "./decode-settings.ts";
import { explained, type ImageSource, openImage } from "./image-source.ts";
import { neededBytes, RUNTIME_BYTES, refuseTooLarge } from "./memory.ts";
import { type Found, makeOutput, productOf } from "./output-files.ts";
import { FinishedPixels } from "./rendered-file.ts";
import { type Rendering, renderingsOf } from "./rendering.ts";
import { decodeShared, planSharedDecode } from "./shared-decode.ts";
import type { Tracker } from "./tracker.ts";
import { staysUntouched } from "./untouched.ts";

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
    const image = await openImage(await context.openSource(source), context);
    tracker.enter(source.name, "preparing", left);
    const renderings = outputs.flatMap((output) => renderingsOf(output, image, destination.template));
    const found = await findMade(image, renderings, context);
    const missing = renderings.filter((rendering) => !found.has(rendering));
    const shared = planSharedDecode(image, renderings);
    const untouched = await untouchedOf(image, missing);
    const need = neededBytes(image, missing, { shared, untouched });
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

async function untouchedOf(image: ImageSource, renderings: readonly Rendering[]): Promise<Set<Rendering>> {
  const answers = await Promise.all(renderings.map((rendering) => staysUntouched(image, rendering)));
  return new Set(renderings.filter((_, index) => answers[index]));
}
