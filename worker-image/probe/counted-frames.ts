import { ffprobeLines } from "./ffprobe.ts";
import type { MediaRecord } from "./record.ts";

/**
 * How many pictures a file holds: as its container says, or counted where that does not, as Matroska and WebM do not. Such
 * a file is read whole, and nothing decoded. Null where nothing tells.
 */
export async function countedFrames(
  { video: [picture] }: MediaRecord,
  path: string,
  signal?: AbortSignal,
): Promise<number | null> {
  if (!picture) return null;
  if (picture.frames !== null) return picture.frames;
  let count = Number.NaN;
  await ffprobeLines(path, {
    signal,
    sections: [
      ...["-select_streams", `${picture.index}`, "-count_packets"],
      ...["-show_entries", "stream=nb_read_packets"],
    ],
    onLine: (line) => {
      count = Number.parseInt(line, 10);
    },
  });
  return Number.isFinite(count) ? count : null;
}
