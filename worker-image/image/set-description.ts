import { join } from "node:path";
import type { Sharp } from "sharp";
import { expandTemplate, tokensOf } from "../../crds/naming.ts";
import type { Output } from "../../crds/outputs/output.ts";
import type { MadeOutput } from "../../crds/result.ts";
import type { EngineContext, Product } from "../engine.ts";
import { earlyValues } from "../storage/early-values.ts";
import { DESCRIPTION_TEMPLATE, describeSet } from "./image-set.ts";
import { explained, type ImageSource } from "./image-source.ts";
import { placeholdersOf } from "./placeholders.ts";
import { stage } from "./staging.ts";

/** Writes the JSON file that describes an output's files, beside them. What goes wrong fails the output. */
export async function publishDescription(
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
    const placeholders =
      wanted.length > 0 ? await placeholdersOf(pixels(), wanted).catch(explained(image)) : {};
    const at = join(
      context.unit.destination.volume?.path ?? "",
      expandTemplate(product.template ?? template, early),
    );
    const description = describeSet({ source, output: name, at }, files, placeholders);
    const staged = await stage(`${JSON.stringify(description, null, 2)}\n`, context);
    await context.publish(staged, product, { format: "json", flushed: true });
  } catch (error) {
    context.fail(error, { source, output: name });
  }
}
