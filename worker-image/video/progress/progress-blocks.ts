/** One block of ffmpeg's `-progress` output. */
export interface EncodeProgress {
  /** Media time written so far; counts from 0 whatever was trimmed. */
  outTimeSeconds: number;
  frames: number;
  /** Bytes written so far. */
  bytes: number;
  /** Media seconds per second; null before it can be told. */
  speed: number | null;
  duplicatedFrames: number;
  droppedFrames: number;
  /** True in the last block. */
  ended: boolean;
}

/**
 * Reads `key=value` lines in pieces of any size; each block ends with `progress=continue` or `progress=end`.
 * `out_time_us` is used since `out_time_ms` holds microseconds too, and fluent-ffmpeg's percent divides by the
 * source's duration, which is wrong for every trim.
 */
export function progressReader(onBlock: (progress: EncodeProgress) => void): (chunk: string) => void {
  let rest = "";
  let block: Record<string, string> = {};
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const at = line.indexOf("=");
      if (at === -1) continue;
      const key = line.slice(0, at).trim();
      const value = line.slice(at + 1).trim();
      if (key !== "progress") {
        block[key] = value;
        continue;
      }
      onBlock({
        outTimeSeconds: Math.max(0, number(block.out_time_us) ?? 0) / 1e6,
        frames: number(block.frame) ?? 0,
        bytes: number(block.total_size) ?? 0,
        speed: number(block.speed?.replace("x", "")),
        duplicatedFrames: number(block.dup_frames) ?? 0,
        droppedFrames: number(block.drop_frames) ?? 0,
        ended: value === "end",
      });
      block = {};
    }
  };
}

function number(text: string | undefined): number | null {
  const value = Number.parseFloat(text ?? "");
  return Number.isFinite(value) ? value : null;
}
