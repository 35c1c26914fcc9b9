import { expect, test } from "vitest";
import { type ShownFrame, shownFrames } from "./shown-frames.ts";

test("a frame of a long film has its time to the tick", () => {
  const frames: ShownFrame[] = [];
  const read = shownFrames((frame) => frames.push(frame));
  for (const line of [
    "[Parsed_showinfo_2 @ 0x5] config in time_base: 1/12800, frame_rate: 25/1",
    "[Parsed_showinfo_2 @ 0x5] n:   0 pts:160000512 pts_time:12500   pos:  1234 fmt:yuv420p",
    "[Parsed_showinfo_2 @ 0x5] color_range:unknown color_space:unknown",
  ]) {
    read(line);
  }
  expect(frames).toEqual([{ seconds: 12_500.04, pts: 160_000_512 }]);
});
