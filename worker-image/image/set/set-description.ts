import { join } from "node:path";
import { descriptionTemplate, expandTemplate, parseVolumeUri } from "../../../crds/naming.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import type { MadeOutput } from "../../../crds/result.ts";
import type { EngineContext, Product } from "../../engine.ts";
import { earlyValues } from "../../storage/early-values.ts";
import { decodePlain } from "../read/decode-settings.ts";
import { explained, type ImageSource, openImage } from "../read/image-source.ts";
import { stage } from "../staging.ts";
import { describeSet } from "./image-set.ts";
import { placeholdersOf } from "./placeholders.ts";

/** The JSON file that describes an output's files, as the destination knows it, and what is known of its name. */
function descriptionOf(image: ImageSource, output: string, { unit }: EngineContext) {
  const early = earlyValues(unit, { source: image.opened.source, output, ext: "json" });
  const template = descriptionTemplate(unit.destination.template);
  const product: Product = {
    source: image.opened,
    output,
    variant: "description",
    ext: "json",
    ...(template !== unit.destination.template && { template }),
  };
  return { product, early };
}

/** Whether placeholders are drawn for an output: where its description is there, it has them. */
export async function drawsPlaceholders(
  image: ImageSource,
  { name, image: settings }: Output,
  context: EngineContext,
): Promise<boolean> {
  if (!settings?.placeholders) return false;
  const { product } = descriptionOf(image, name, context);
  return !(await context.isMade(product).catch(() => true)); // what stands in its way is told when it is published
}

/** Writes the JSON file that describes an output's files, beside them. What goes wrong fails the output. */
export async function publishDescription(
  image: ImageSource,
  { name, image: settings }: Output,
  { files, context }: { files: readonly MadeOutput[]; context: EngineContext },
): Promise<void> {
  const source = image.opened.source.name;
  const { product, early } = descriptionOf(image, name, context);
  try {
    if (await context.findMade(product)) return;
    const wanted = settings?.placeholders ?? [];
    const placeholders = wanted.length > 0 ? await drawPlaceholders(wanted, { image, files, context }) : {};
    const at = join(
      context.unit.destination.volume?.path ?? "",
      expandTemplate(product.template ?? context.unit.destination.template, early),
    );
    const description = describeSet({ source, output: name, at }, files, placeholders);
    const staged = await stage(`${JSON.stringify(description, null, 2)}\n`, context);
    await context.publish(staged, product, { format: "json", flushed: true });
  } catch (error) {
    context.fail(error, { source, output: name });
  }
}

/** Placeholders of the largest file, read back from where it stands: they show what it shows, made or kept. */
async function drawPlaceholders(
  wanted: Parameters<typeof placeholdersOf>[1],
  { image, files, context }: { image: ImageSource; files: readonly MadeOutput[]; context: EngineContext },
): Promise<Record<string, string>> {
  const [largest] = files.toSorted((a, b) => (b.width ?? 0) - (a.width ?? 0));
  const volume = largest && parseVolumeUri(largest.uri);
  if (!volume) throw new Error("an output lies on a volume");
  const finished = await openImage(
    await context.openSource({ name: image.opened.source.name, volume }),
    context,
  );
  return await placeholdersOf(decodePlain(finished), wanted).catch(explained(finished));
}
