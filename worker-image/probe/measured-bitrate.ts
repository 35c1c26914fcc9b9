import { ffprobeLines } from "./ffprobe.ts";
import type { MediaRecord } from "./record.ts";

/**
 * The record of a file with the bitrate that the packets of each sound have, in bit/s of the whole file's length, where
 * the file itself tells none: Matroska and WebM often do not. Its sound is read, and nothing decoded. A track without
 * packets tells none as before, and so does any of a file that tells no length.
 */
export async function withSoundBitrates(
  record: MediaRecord,
  path: string,
  signal?: AbortSignal,
): Promise<MediaRecord> {
  const { durationSeconds, audio } = record;
  if (durationSeconds === null || audio.every(({ bitrate }) => bitrate !== null)) return record;
  const bytes = await readBytes(path, signal);
  const bitrateOf = (index: number) => {
    const size = bytes.get(index);
    return size === undefined ? null : Math.round((size * 8) / durationSeconds);
  };
  return {
    ...record,
    audio: audio.map((track) => ({ ...track, bitrate: track.bitrate ?? bitrateOf(track.index) })),
  };
}

/** Bytes of all packets of each sound, by the index of its stream. */
async function readBytes(path: string, signal: AbortSignal | undefined): Promise<Map<number, number>> {
  const streams = new Map<number, number>();
  await ffprobeLines(path, {
    signal,
    sections: ["-select_streams", "a", "-show_entries", "packet=stream_index,size"],
    onLine: (line) => {
      const [index = Number.NaN, size = 0] = line.split(",").map(Number.parseFloat);
      if (Number.isFinite(size)) streams.set(index, (streams.get(index) ?? 0) + size);
    },
  });
  return streams;
}
