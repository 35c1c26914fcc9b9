import type { MediaRecord, VideoStream } from "../../probe/record.ts";

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
