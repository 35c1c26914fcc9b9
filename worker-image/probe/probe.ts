import { stat } from "node:fs/promises";
import { kindOf, readHead } from "../image/read/signature.ts";
import { type BoxWalk, walkBoxes } from "./box-walk.ts";
import { describeMedia } from "./describe-media.ts";
import { type FfprobeJson, ffprobe } from "./ffprobe.ts";
import { explainLog, lastErrors } from "./log-reading.ts";
import { withLength } from "./measured-length.ts";
import { MediaFailure } from "./media-failure.ts";
import type { MediaRecord } from "./record.ts";

/** Bytes that an MP4 may lack without losing more than its last frame; some cameras miscount by a few. */
const TOLERATED_MISSING_BYTES = 16;

/**
 * Reads what a local file is, without decoding more than a few frames. Without `firstFrame` only the
 * container is read: fields and HDR metadata that only frames tell are then unknown. A file that does not tell how long
 * it is is read whole.
 *
 * @throws MediaFailure when it is empty, cut short, broken or no media at all.
 */
export async function probe(
  path: string,
  signal?: AbortSignal,
  { firstFrame: wantsFrame = true }: { firstFrame?: boolean } = {},
): Promise<MediaRecord> {
  const { size } = await stat(path);
  if (size === 0) throw new MediaFailure("SourceEmpty", "the file has 0 bytes; upload it again");

  const frames = wantsFrame ? ["-show_frames", "-read_intervals", `%+#${FIRST_PACKETS}`] : [];
  const [boxes, whole] = await Promise.all([
    walkBoxes(path),
    ffprobe(path, { sections: [...CONTAINER, ...frames], signal }),
  ]);
  if (!holdsMedia(whole.json) && (await isStill(path))) refuseStill(whole.log);
  refuseUnreadable(whole, boxes);
  const record = describeMedia(whole.json, size);
  const missed = wantsFrame && record.video[0] && !whole.json.frames.some(isOf(record.video[0].index));
  if (!missed) return await withLength(record, path, signal);
  const { json } = await ffprobe(path, {
    sections: ["-select_streams", "V:0", "-show_frames", "-read_intervals", "%+#8"],
    signal,
  });
  return await withLength(describeMedia({ ...whole.json, frames: json.frames }, size), path, signal);
}

const CONTAINER = ["-show_format", "-show_streams", "-show_chapters"] as const;

/** Of all streams together: a picture is among them unless more sound than this comes first. */
const FIRST_PACKETS = 16;

const isOf = (index: number) => (frame: FfprobeJson["frames"][number]) => frame.stream_index === index;

/** Of a picture in the MP4 family ffprobe finds no index, or a stream without a size. */
const holdsMedia = ({ error, streams }: FfprobeJson): boolean =>
  error === undefined && streams.some(({ codec_type, width }) => codec_type === "audio" || width);

const isStill = async (path: string): Promise<boolean> => {
  const kind = kindOf(await readHead(path));
  return kind !== undefined && kind !== "gif";
};

function refuseStill(log: readonly string[]): never {
  throw new MediaFailure("UnsupportedFormat", "the file is a still picture; use an image output", log);
}

function refuseUnreadable({ json, log }: Awaited<ReturnType<typeof ffprobe>>, boxes: BoxWalk): void {
  if (boxes.isoBaseMedia && boxes.missingBytes > TOLERATED_MISSING_BYTES) {
    throw new MediaFailure(
      "SourceTruncated",
      `the file is cut short: ${boxes.missingBytes} bytes are missing at its end; copy it again`,
      log,
    );
  }
  if (json.error === undefined && json.streams.length > 0) return;

  const refused = log
    .map((line) => /\[(\S+) @[^\]]*\].*Format not on whitelist/.exec(line)?.[1])
    .find(Boolean);
  if (refused && /^image2$|_pipe$/.test(refused)) {
    refuseStill(log);
  }
  const reading = explainLog(log);
  // ffprobe takes any text named .mp4 for an MP4 and then misses the index; the boxes know better.
  if (reading && !(reading.reason === "SourceTruncated" && !boxes.isoBaseMedia)) {
    throw new MediaFailure(reading.reason, reading.sentence, log);
  }
  throw new MediaFailure(
    boxes.isoBaseMedia ? "SourceCorrupt" : "UnsupportedFormat",
    boxes.isoBaseMedia
      ? `the file looks like MP4 or MOV but its index is damaged and cannot be read ${lastErrors(log)}`.trim()
      : "the file is no video or audio that is known here, whatever its name says",
    log,
  );
}
