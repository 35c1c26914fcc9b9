import { ffprobeLines } from "./ffprobe.ts";

/** What the packets of a stream tell, whatever the container declares. */
export interface Timeline {
  /** True when all packets were read, else the first ones only. */
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

/** Packets read with `Fast`: 10 to 25 s of film. */
export const SAMPLED_PACKETS = 600;

/** Reads the packets of one stream, without decoding. */
export async function readTimeline(
  path: string,
  { index, complete, signal }: { index: number; complete: boolean; signal?: AbortSignal },
): Promise<Timeline> {
  const packets: PacketTime[] = [];
  await ffprobeLines(path, {
    signal,
    sections: [
      ...["-select_streams", `${index}`],
      ...["-show_entries", "packet=pts_time,duration_time,flags"],
      ...(complete ? [] : ["-read_intervals", `%+#${SAMPLED_PACKETS}`]),
    ],
    onLine: (line) => {
      const [seconds = "", duration = "", flags = ""] = line.split(",");
      const time = Number.parseFloat(seconds);
      if (!Number.isFinite(time)) return;
      const length = Number.parseFloat(duration);
      packets.push({
        seconds: time,
        durationSeconds: Number.isFinite(length) ? length : null,
        key: flags.startsWith("K"),
      });
    },
  });
  return describeTimeline(packets, complete || packets.length < SAMPLED_PACKETS);
}

/** Share of distances between frames that may differ before the rate counts as variable. */
const TOLERATED_SHARE = 0.02;

/** How far a distance may lie from the median: containers that count in milliseconds round 33.37 to 33 and 34. */
const TOLERATED_DEVIATION = 0.1;
const TOLERATED_DEVIATION_SECONDS = 0.0011;

export function describeTimeline(packets: readonly PacketTime[], complete: boolean): Timeline {
  const keys = packets.flatMap(({ key }, at) => (key ? [at] : []));
  const groups = keys.map((at, position) => (keys[position + 1] ?? packets.length) - at);
  const keySeconds = keys.map((at) => packets[at]?.seconds ?? 0);
  const [firstKey, lastKey] = [keySeconds[0], keySeconds.at(-1)];
  // Packets come in the order of decoding; frames are shown in the order of their times.
  const times = packets.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const last = packets.reduce<PacketTime | undefined>(
    (latest, packet) => (latest && latest.seconds >= packet.seconds ? latest : packet),
    undefined,
  );
  return {
    complete,
    packets: packets.length,
    measuredSeconds:
      complete && last && times[0] !== undefined
        ? last.seconds + (last.durationSeconds ?? 0) - times[0]
        : null,
    variableFrameRate: isVariable(times),
    keyframes: keys.length,
    longestGroup: groups.length === 0 ? null : Math.max(...groups),
    keyframeIntervalSeconds:
      keys.length < 2 || firstKey === undefined || lastKey === undefined
        ? null
        : (lastKey - firstKey) / (keys.length - 1),
  };
}

function isVariable(times: readonly number[]): boolean | null {
  if (times.length < 3) return null;
  const distances = times.slice(1).map((time, at) => time - (times[at] ?? time));
  const median = [...distances].sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
  const tolerance = Math.max(median * TOLERATED_DEVIATION, TOLERATED_DEVIATION_SECONDS);
  const odd = distances.filter((distance) => Math.abs(distance - median) > tolerance).length;
  return odd / distances.length > TOLERATED_SHARE;
}
