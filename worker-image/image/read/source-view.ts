import type { ImageOutput } from "../../../crds/outputs/image.ts";
import type { ImageSource } from "./image-source.ts";

/**
 * A source as an output sees it: the size and the header of the page that it asks for, upright or as stored. Pages of
 * a document may differ in all of it.
 */
export async function viewOf(
  source: ImageSource,
  { page, autoOrient }: Pick<ImageOutput, "page" | "autoOrient">,
): Promise<ImageSource> {
  const isStored = autoOrient === false && source.kind !== "heic"; // whose decoder turns it, whatever is asked for
  if (!page && !isStored) return source;
  const header = (page && page < source.frames && (await headerOf(source, page))) || source.header;
  if (!isStored) return { ...source, header, ...header.autoOrient };
  const { width, height, pageHeight = height } = header;
  return { ...source, header: { ...header, orientation: 1 }, width, height: pageHeight };
}

/** A page that cannot be read tells so when it is decoded. */
const headerOf = (source: ImageSource, page: number) =>
  source
    .decode({ page })
    .metadata()
    .catch(() => undefined);
