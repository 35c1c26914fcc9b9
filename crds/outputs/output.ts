import { z } from "zod";
import { reserved } from "../reserved.ts";
import { itemName } from "../scalars.ts";
import { exactlyOneOf, type Rule, validations } from "../validation.ts";
import { audioOutput } from "./audio.ts";
import { framesOutput } from "./frames.ts";
import { imageOutput } from "./image.ts";
import { metadataOutput } from "./metadata.ts";
import { streamOutput } from "./stream.ts";
import { videoOutput } from "./video.ts";

/** The families a worker can make today. */
export const FAMILIES = ["image", "video", "audio", "frames", "stream", "metadata"] as const;
export type Family = (typeof FAMILIES)[number];

/** The families the API reserves; the API server refuses them with a message that says so. */
export const PLANNED_FAMILIES = ["step"] as const;

/** Takes any fields, so that the answer is the message below and not a complaint about the first of them. */
const planned = z.looseObject({}).optional();

const notYet = (family: string): Rule => ({
  rule: `!has(self.${family})`,
  message: `the output family ${family} is not available in this version: no worker makes it yet`,
  fieldPath: `.${family}`,
  reason: "FieldValueForbidden",
});

export const output = z
  .strictObject({
    name: itemName.describe(
      "name of the output, unique within the MediaJob. Fills `{output}` in the destination's template. Lower-case letters, digits and `-`, at most 63.",
    ),
    sources: z
      .array(itemName)
      .min(1)
      .max(1000)
      .optional()
      .meta({ "x-kubernetes-list-type": "set" })
      .describe(
        "sources names the sources this output is made from, at most 1000; every source when unset. Lets one MediaJob hold photos and clips.",
      ),
    from: reserved("from", "from is reserved for the name of an output that this one is made from", itemName),
    image: imageOutput.optional().describe("image makes a still image from each source."),
    video: videoOutput.optional().describe("video makes a video file from each source."),
    audio: audioOutput.optional().describe("audio makes a sound file from each source, and its waveform."),
    frames: framesOutput.optional().describe("frames makes still pictures out of each video source."),
    stream: streamOutput
      .optional()
      .describe("stream makes an adaptive stream (HLS and DASH) from each source."),
    metadata: metadataOutput.optional().describe("metadata makes a JSON description of each source."),
    step: planned.describe(
      "step is reserved for a container of your own that makes the output; not available in this version.",
    ),
  })
  .meta(validations(exactlyOneOf(...FAMILIES, ...PLANNED_FAMILIES), ...PLANNED_FAMILIES.map(notYet)))
  .describe(
    "One wanted output, made from every source unless `sources` names some. Exactly one family is set.",
  );

export type Output = z.output<typeof output>;

/** The family of an output; validation has made sure that there is exactly one. */
export function familyOf(output: Pick<Output, Family>): Family {
  const family = FAMILIES.find((name) => output[name] !== undefined);
  if (!family) throw new Error("an output without a family passed validation");
  return family;
}
