import { FAILURE_CLASSES } from "../../crds/failures.ts";
import type { SourceFacts } from "../../crds/result.ts";
import type { Engine, EngineContext } from "../engine.ts";
import { log } from "../log.ts";
import { failureOf } from "../work-failure.ts";
import { probe } from "./probe.ts";
import type { MediaRecord } from "./record.ts";
import { isSeekable } from "./seekable.ts";

/** ffprobe mostly waits for the volume. */
const AT_ONCE = 4;

/**
 * Measures the sources of a unit for the plan, by their containers alone. What is wrong with a source is no failure
 * here: it stays unknown, and the unit that needs it says so of its output. But what may pass is tried again.
 */
export const factsEngine: Engine = {
  versions: () => ({}),
  async run(context) {
    const { sources } = context.unit;
    const facts: SourceFacts[] = [];
    let next = 0;
    let done = 0;
    const work = async () => {
      while (next < sources.length) {
        const index = next++;
        facts[index] = await factsAt(context, index);
        context.progress("analysis", ++done / sources.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    context.found(facts);
  },
};

/** What the plan needs to know of a source. */
export function factsOf(record: MediaRecord, { bytes }: { bytes: number }): SourceFacts {
  const { durationSeconds, video, audio } = record;
  const [picture] = video;
  const longest = Math.max(durationSeconds ?? 0, picture?.durationSeconds ?? 0);
  const rate = picture?.frameRate;
  return {
    ...(longest > 0 && { durationSeconds: thousandths(longest) }),
    ...(picture && { width: picture.width, height: picture.height }),
    ...(rate && { fps: thousandths(rate.num / rate.den) }),
    audioTracks: audio.length,
    bytes,
    seekable: isSeekable(record) ? 1 : 0,
    ...(picture && { hdr: picture.dynamicRange === "SDR" ? 0 : 1 }),
    ...(picture?.fieldOrder && { interlaced: picture.fieldOrder === "Progressive" ? 0 : 1 }),
  };
}

async function factsAt(context: EngineContext, index: number): Promise<SourceFacts> {
  const source = context.unit.sources[index];
  if (!source) return {};
  try {
    const file = await context.openSource(source);
    return factsOf(await probe(file.path, context.signal, { firstFrame: false }), file);
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = failureOf(error);
    if (failure.class !== "internal" && FAILURE_CLASSES[failure.class].retried) throw error;
    log.warn({ source: source.name, ...failure }, "source stays unknown");
    return {};
  }
}

const thousandths = (value: number) => Math.round(value * 1000) / 1000;
