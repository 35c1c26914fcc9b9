import type { AudioStream, MediaRecord, VideoStream } from "../probe/record.ts";

/** Tags of the source's own container, which must not slip into what is made of it. */
const OF_CONTAINER = ["major_brand", "minor_version", "compatible_brands", "encoder"];

/** The stream that holds the tags of the file: Ogg has none but on its streams. Null where the container has them. */
export const tagStreamOf = (
  { container }: Pick<MediaRecord, "container">,
  { index }: Pick<AudioStream | VideoStream, "index">,
): number | null => (container === "ogg" ? index : null);

/**
 * The tags of the source that a file gets: none, or all but those of its container, those that tell where it was
 * recorded, and those `leftOut`, which are written anew or hold no longer. Streams that are copied bring theirs.
 */
export function keptTags(
  metadata: "Keep" | "Strip",
  {
    placeTags,
    tagStream,
    leftOut,
  }: { placeTags: readonly string[]; tagStream: number | null; leftOut: readonly string[] },
): string[] {
  if (metadata === "Strip") return ["-map_metadata", "-1"];
  const removed = [...placeTags, ...leftOut];
  return [
    ...["-map_metadata", "0"],
    ...(tagStream === null ? [] : ["-map_metadata:g", `0:s:${tagStream}`]),
    ...[...OF_CONTAINER, ...removed].flatMap((tag) => ["-metadata", `${tag}=`]),
    ...removed.flatMap((tag) => ["-metadata:s", `${tag}=`]),
  ];
}
