import type { MediaRecord, VideoStream } from "../../probe/record.ts";
import { outputSeconds, type Span } from "./timing.ts";

/** When the first frame is shown, from the start of its file. */
export const firstSecondsOf = (record: Pick<MediaRecord, "startSeconds">, picture: VideoStream): number =>
  Math.max(0, (picture.startSeconds ?? 0) - (record.startSeconds ?? 0));

/** When the last frame ends, from the start of its file; null where the file does not tell. */
export const endSecondsOf = (
  record: Pick<MediaRecord, "startSeconds" | "durationSeconds">,
  picture: VideoStream,
): number | null =>
  picture.durationSeconds === null
    ? record.durationSeconds
    : firstSecondsOf(record, picture) + picture.durationSeconds;

/** When the pictures of the finished file end; undefined where the source does not tell of pictures alone. */
export function shownSeconds({
  spans,
  picture: { durationSeconds },
  firstSeconds,
  delaySeconds = 0,
}: {
  spans: readonly Span[];
  picture: VideoStream;
  firstSeconds: number;
  delaySeconds: number | undefined;
}): number | undefined {
  if (spans.length > 0) return outputSeconds({ spans, speed: 1 }, null) ?? undefined;
  return durationSeconds === null ? undefined : firstSeconds + durationSeconds + delaySeconds;
}
