import { WorkFailure } from "../work-failure.ts";
import { ranOut } from "./read/decode-failure.ts";
import { decodeOptions } from "./read/decode-settings.ts";
import { explained, type ImageSource } from "./read/image-source.ts";
import { tryDecode } from "./read/trial-decode.ts";
import type { Rendering } from "./rendering.ts";

/**
 * What an error in the making of a rendering says about its output. Decoder, steps and encoder are one pipeline, whose
 * messages do not say which of them it was; so the source is decoded once more by itself, unless it was already.
 *
 * @throws WorkFailure when the source itself is at fault, so that it is told once and not for each output.
 */
export async function pipelineFailure(
  error: unknown,
  { image, rendering, isDecoded }: { image: ImageSource; rendering: Rendering; isDecoded: boolean },
): Promise<unknown> {
  if (!isOfPipeline(error)) return error;
  if (ranOut(error)) {
    const failure = await image.explain(error);
    if (isDecoded) return failure;
    throw failure;
  }
  if (!isDecoded) {
    await tryDecode(image, decodeOptions(image, rendering)).catch(explained(image));
  }
  const { output, format } = rendering;
  return new WorkFailure(
    "InvalidOutputSpec",
    `output ${output} cannot be made as ${format}: ${error.message.trim()}`,
    { cause: error },
  );
}

/** sharp throws plain errors; those of the operating system have a code, and defects a type of their own. */
const isOfPipeline = (error: unknown): error is Error =>
  error instanceof Error && error.constructor === Error && !("code" in error);
