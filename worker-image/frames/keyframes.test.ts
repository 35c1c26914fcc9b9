import { expect, test } from "vitest";
import { keyframesAt, passIsCheaper, readFrameList } from "./keyframes.ts";

test("keyframes are read in the stream's own base, and counted among all packets", () => {
  const text =
    "#software: Lavf\n#tb 0: 1/12800\n#media_type 0: video\n0, -1024, 0, 512, 8000, 0x1\n0, 200, 1024, 512, 900, 0x3, F=0x0\n0, 100, 25600, 512, 8000, 0x2\n";
  expect(readFrameList(text)).toEqual([
    { seconds: 0, packet: 0 },
    { seconds: 2, packet: 2 },
  ]);
  expect(readFrameList("")).toEqual([]);
});

test("each time has the keyframe before it", () => {
  const keyframes = [0, 2, 4].map((seconds, at) => ({ seconds, packet: at * 3 }));
  const secondsAt = (times: number[]) => keyframesAt(keyframes, times).map(({ seconds }) => seconds);
  expect(secondsAt([0, 1.9, 2, 3.99995, 9])).toEqual([0, 0, 2, 4, 4]);
  expect(keyframesAt([{ seconds: 0.5, packet: 0 }], [0])).toEqual([{ seconds: 0.5, packet: 0 }]);
});

test.each([
  { keyframes: 300, times: 100, pass: true },
  { keyframes: 3600, times: 10, pass: false },
  { keyframes: 3600, times: 100, pass: true },
])("$keyframes keyframes for $times frames: a pass is cheaper: $pass", ({ keyframes, times, pass }) =>
  expect(passIsCheaper(keyframes, times)).toBe(pass),
);
