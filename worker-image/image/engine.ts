import sharp from "sharp";
import { formatsOf } from "../../crds/outputs/image.ts";
import type { Unit } from "../../crds/unit.ts";
import type { Engine } from "../engine.ts";
import { Admission } from "./memory/admission.ts";
import { RUNTIME_BYTES } from "./memory/runtime-memory.ts";
import { makeAll } from "./source-outputs.ts";
import { missingFonts } from "./steps/fonts.ts";
import { Tracker } from "./tracker.ts";

/** Raised when the same source and spec would give other bytes than before. */
const REVISION = "14";

/** Still images, by sharp. It owns pixels; it never decodes a source twice for outputs that can share it. */
export const imageEngine: Engine = {
  versions: () => ({ image: REVISION, sharp: sharp.versions.sharp, vips: sharp.versions.vips }),

  async run(context) {
    const { unit, limits, signal } = context;
    for (const warning of await missingFonts(unit.outputs)) context.warn(warning);
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
 * Two more than there are cores: while images wait for their files or to be written and flushed, others decode.
 * Measured on 2 cores, 200 JPEGs of 12 to 24 MP to 320 px WebP: with one more, 2.0 % of the cores' time was idle, with two
 * 0.8 %, with three 0.7 %.
 */
const imagesInFlight = (cpu: number, sources: number) => Math.min(Math.ceil(cpu) + 2, sources);

/**
 * Threads that libvips uses for one image: the cores that images in flight leave over. Where an AVIF may be
 * made never one alone, since libaom codes otherwise with one thread than with any other number, and the same
 * MediaJob has to give the same bytes on any machine. The other encoders do not care.
 */
function threadsPerImage({ limits, outputs }: Unit, inFlight: number): number {
  const mayBeAvif = outputs.some(
    ({ image }) => image && formatsOf(image).some((format) => format === "avif" || format === "Auto"),
  );
  return Math.max(mayBeAvif ? 2 : 1, Math.floor(Math.ceil(limits.cpu) / inFlight));
}
