import { ffprobeLines } from "./ffprobe.ts";
import type { MediaRecord } from "./record.ts";

/** Sound without a container around it: how long it is ffprobe guesses by its size and its first moments. */
const GUESSED: ReadonlySet<string> = new Set(["aac", "amr", "loas", "truehd", "mlp"]);

/**
 * The record of a file with the length that its packets have, where the file itself tells none: a recording of a browser,
 * a broadcast, a stream without a container. All of such a file is read, and nothing decoded.
 */
export async function withLength(
  record: MediaRecord,
  path: string,
  signal?: AbortSignal,
): Promise<MediaRecord> {
  if (record.durationSeconds !== null && !GUESSED.has(record.container)) return record;
  const lasting = await readLengths(path, signal);
  const measured = <Stream extends { index: number; durationSeconds: number | null }>(stream: Stream) => ({
    ...stream,
    durationSeconds: secondsOf(lasting.get(stream.index)) ?? stream.durationSeconds,
  });
  const shown = [...record.video, ...record.audio].flatMap(({ index }) => lasting.get(index) ?? []);
  const whole = {
    firstSeconds: Math.min(...shown.map(({ firstSeconds }) => firstSeconds)),
    endSeconds: Math.max(...shown.map(({ endSeconds }) => endSeconds)),
    packetsSeconds: Math.max(...shown.map(({ packetsSeconds }) => packetsSeconds)),
  };
  return {
    ...record,
    durationSeconds: secondsOf(whole) ?? record.durationSeconds,
    video: record.video.map(measured),
    audio: record.audio.map(measured),
  };
}

/** How long a stream lasts, by the times of its packets and by their lengths: not all have times. */
interface Lasting {
  firstSeconds: number;
  endSeconds: number;
  packetsSeconds: number;
}

function secondsOf(lasting: Lasting | undefined): number | null {
  if (!lasting) return null;
  const { firstSeconds, endSeconds, packetsSeconds } = lasting;
  const seconds = endSeconds > firstSeconds ? endSeconds - firstSeconds : packetsSeconds;
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

async function readLengths(path: string, signal: AbortSignal | undefined): Promise<Map<number, Lasting>> {
  const streams = new Map<number, Lasting>();
  await ffprobeLines(path, {
    signal,
    sections: ["-show_entries", "packet=stream_index,pts_time,duration_time"],
    onLine: (line) => {
      const [index = Number.NaN, time = Number.NaN, length = Number.NaN] = line
        .split(",")
        .map(Number.parseFloat);
      const seconds = Number.isFinite(length) ? length : 0;
      const known = streams.get(index) ?? {
        firstSeconds: Infinity,
        endSeconds: -Infinity,
        packetsSeconds: 0,
      };
      streams.set(index, {
        firstSeconds: Number.isFinite(time) ? Math.min(known.firstSeconds, time) : known.firstSeconds,
        endSeconds: Number.isFinite(time) ? Math.max(known.endSeconds, time + seconds) : known.endSeconds,
        packetsSeconds: known.packetsSeconds + seconds,
      });
    },
  });
  return streams;
}
