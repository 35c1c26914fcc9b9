import type { Sharp } from "sharp";
import type { ImageOutput } from "../../crds/outputs/image.ts";
import { parseColour } from "./colour.ts";
import type { Levels } from "./levels.ts";

/** At this strength and above specks are removed as well: a median softens what is clean. */
const DENOISE_STRENGTH = 0.7;

/** Puts a rendering's tone and finish on a pipeline. `levels` are those of the source, measured for `enhance`. */
export function applyTone(pipeline: Sharp, settings: ImageOutput, levels: Levels | undefined): Sharp {
  if (settings.gamma !== undefined) pipeline.gamma(settings.gamma);
  if (settings.grayscale) pipeline.grayscale();
  if (settings.median !== undefined) pipeline.median(settings.median);
  if (settings.blur !== undefined) pipeline.blur(settings.blur);
  if (settings.modulate) pipeline.modulate(settings.modulate);
  if (settings.sharpen) pipeline.sharpen(settings.sharpen);
  if (settings.normalise) pipeline.normalise(settings.normalise);
  if (settings.clahe) pipeline.clahe(settings.clahe);
  if (settings.tint !== undefined) pipeline.tint(parseColour(settings.tint));
  if (settings.negate) pipeline.negate({ alpha: false });
  if (settings.enhance && levels) enhance(pipeline, settings.enhance.strength, levels);
  return pipeline;
}

/** Levels stretched as they were measured, specks removed, edges sharpened: each by the strength. */
function enhance(pipeline: Sharp, strength: number, { black, white }: Levels): void {
  if (strength === 0) return;
  const gain = 1 + strength * (255 / (white - black) - 1);
  pipeline.linear(gain, -black * (255 / (white - black)) * strength);
  if (strength >= DENOISE_STRENGTH) pipeline.median(3);
  pipeline.sharpen({ sigma: 0.5 + strength, m1: 0.5 * strength, m2: 2 * strength });
}
