/** A frame as ffmpeg's showinfo tells of it. */
export interface ShownFrame {
  seconds: number;
  /** In the stream's own base. */
  pts: number;
}

/**
 * A reader of showinfo's lines. Its `pts_time` has six digits, which beyond 10,000 s is a tenth of a second: the exact
 * time is that in the stream's base, which stands in a line before the first frame.
 */
export function shownFrames(onFrame: (frame: ShownFrame) => void): (line: string) => void {
  let base = Number.NaN;
  return (line) => {
    const [, num, den] = /showinfo.* config in time_base: (\d+)\/(\d+)/.exec(line) ?? [];
    if (den !== undefined) base = Number(num) / Number(den);
    const pts = /showinfo.* pts:\s*(-?\d+)/.exec(line)?.[1];
    if (pts !== undefined) onFrame({ seconds: Number(pts) * base, pts: Number(pts) });
  };
}
