import { ffprobeLines } from "./ffprobe.ts";

/** What the packets of a stream tell, whatever the container declares. */
export interface Timeline {
  /** True when all packets were read, else samples of them. */
  complete: boolean;
  packets: number;
  /** From the first frame's start to the last one's end; null unless complete. */
  measuredSeconds: number | null;
  /** Frames stand at unequal distances. */
  variableFrameRate: boolean | null;
  keyframes: number;
  /** Frames from one keyframe to the next: the longest seen. */
  longestGroup: number | null;
  /** Mean time between keyframes. */
  keyframeIntervalSeconds: number | null;
}

/** One packet: its presentation time, its duration and whether it is a keyframe. */
export interface PacketTime {
  seconds: number;
  durationSeconds: number | null;
  key: boolean;
}

/** Packets read with `Fast` at each place: 10 to 25 s of film at the start, less in a longer one. */
const SAMPLED_PACKETS = 600;

/** From this length on a film is looked at in its middle and near its end too: phones slow down when it gets dark. */
const LONG_SECONDS = 60;

/**
 * Reads the packets of one stream, without decoding: all of them, or some at one or three places.
 *
 * @param onSeconds told the time of each packet, where all are read
 */
export async function readTimeline(
  path: string,
  {
    index,
    complete,
    durationSeconds = null,
    signal,
    onSeconds,
  }: {
    index: number;
    complete: boolean;
    durationSeconds?: number | null;
    signal?: AbortSignal;
    onSeconds?: (seconds: number) => void;
  },
): Promise<Timeline> {
  if (complete) return describeTimeline([await readPackets(path, { index, signal, onSeconds })], true);
  const runs: PacketTime[][] = [];
  for (const interval of intervals(durationSeconds)) {
    runs.push(await readPackets(path, { index, interval, signal }));
  }
  return describeTimeline(runs, runs.length === 1 && (runs[0]?.length ?? 0) < SAMPLED_PACKETS);
}

/** As ffprobe's `read_intervals`; only a source that tells how long it is can be looked at later. */
function intervals(durationSeconds: number | null): string[] {
  if (durationSeconds === null || durationSeconds < LONG_SECONDS) return [`%+#${SAMPLED_PACKETS}`];
  const packets = SAMPLED_PACKETS / 3;
  return [0, 0.5, 0.9].map((share) => `${(share * durationSeconds).toFixed(3)}%+#${packets}`);
}

async function readPackets(
  path: string,
  {
    index,
    interval,
    signal,
    onSeconds,
  }: {
    index: number;
    interval?: string;
    signal?: AbortSignal | undefined;
    onSeconds?: ((seconds: number) => void) | undefined;
  },
): Promise<PacketTime[]> {
  const packets: PacketTime[] = [];
  await ffprobeLines(path, {
    signal,
    sections: [
      ...["-select_streams", `${index}`],
      ...["-show_entries", "packet=pts_time,duration_time,flags"],
      ...(interval ? ["-read_intervals", interval] : []),
    ],
    onLine: (line) => {
      const [seconds = "", duration = "", flags = ""] = line.split(",");
      const time = Number.parseFloat(seconds);
      if (!Number.isFinite(time)) return;
      onSeconds?.(time);
      const length = Number.parseFloat(duration);
      packets.push({
        seconds: time,
        durationSeconds: Number.isFinite(length) ? length : null,
        key: flags.startsWith("K"),
      });
    },
  });
  return packets;
}

/** Share of distances between frames that may differ before the rate counts as variable. */
const TOLERATED_SHARE = 0.02;

/** How far a distance may lie from the median: containers that count in milliseconds round 33.37 to 33 and 34. */
const TOLERATED_DEVIATION = 0.1;
const TOLERATED_DEVIATION_SECONDS = 0.0011;

/** @param runs packets as they follow each other, from one place or from several */
export function describeTimeline(runs: readonly PacketTime[][], complete: boolean): Timeline {
  const groups = runs.flatMap(groupsOf);
  const intervals = runs.flatMap((run) => distancesOf(run.filter(({ key }) => key).map(secondsOf)));
  return {
    complete,
    packets: runs.reduce((sum, { length }) => sum + length, 0),
    measuredSeconds: complete ? lengthOf(runs.flat()) : null,
    variableFrameRate: isVariable(runs.flatMap((run) => distancesOf(run.map(secondsOf)))),
    keyframes: groups.length,
    // a film of keyframes has more groups than a call takes arguments
    longestGroup: groups.length === 0 ? null : groups.reduce((most, each) => Math.max(most, each)),
    keyframeIntervalSeconds:
      intervals.length === 0 ? null : intervals.reduce((sum, each) => sum + each, 0) / intervals.length,
  };
}

const secondsOf = ({ seconds }: PacketTime): number => seconds;

/** Frames from each keyframe to the next one, or to where reading ended. */
function groupsOf(run: readonly PacketTime[]): number[] {
  const keys = run.flatMap(({ key }, at) => (key ? [at] : []));
  return keys.map((at, position) => (keys[position + 1] ?? run.length) - at);
}

/** Packets come in the order of decoding; frames are shown in the order of their times. */
function distancesOf(times: readonly number[]): number[] {
  const shown = [...times].sort((a, b) => a - b);
  return shown.slice(1).map((time, at) => time - (shown[at] ?? time));
}

function lengthOf(packets: readonly PacketTime[]): number | null {
  const [any] = packets;
  if (!any) return null;
  const first = packets.reduce((least, { seconds }) => Math.min(least, seconds), any.seconds);
  const last = packets.reduce((latest, packet) => (latest.seconds >= packet.seconds ? latest : packet), any);
  return last.seconds + (last.durationSeconds ?? 0) - first;
}

function isVariable(distances: readonly number[]): boolean | null {
  if (distances.length < 2) return null;
  const median = [...distances].sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
  const tolerance = Math.max(median * TOLERATED_DEVIATION, TOLERATED_DEVIATION_SECONDS);
  const odd = distances.filter((distance) => Math.abs(distance - median) > tolerance).length;
  return odd / distances.length > TOLERATED_SHARE;
}
