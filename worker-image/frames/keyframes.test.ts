import { expect, test } from "vitest";
import { KeyframeList, keyframesAt, passIsCheaper } from "./keyframes.ts";

test("keyframes are read in the stream's own base, and counted among all packets, however they come", () => {
  const text =
    "#software: Lavf\n#tb 0: 1/12800\n#media_type 0: video\n0, -1024, 0, 512, 8000, 0x1\n0, 200, 1024, 512, 900, 0x3, F=0x0\n0, 100, 25600, 512, 8000, 0x2\n";
  for (const cut of [0, 20, 70, 100]) {
    const list = new KeyframeList();
    list.read(text.slice(0, cut));
    list.read(text.slice(cut));
    expect(list).toMatchObject({ packets: 3, bytes: 16_900 });
    expect(list.keyframes).toEqual([
      { seconds: 0, packet: 0, bytes: 8000 },
      { seconds: 2, packet: 2, bytes: 8000 },
    ]);
  }
});

test("each time has the keyframe before it", () => {
  const keyframes = [0, 2, 4].map((seconds, at) => ({ seconds, packet: at * 3 }));
  const secondsAt = (times: number[]) => keyframesAt(keyframes, times).map(({ seconds }) => seconds);
  expect(secondsAt([0, 1.9, 2, 3.99995, 9])).toEqual([0, 0, 2, 4, 4]);
  expect(keyframesAt([{ seconds: 0.5, packet: 0 }], [0])).toEqual([{ seconds: 0.5, packet: 0 }]);
});

test.each([
  { name: "300 keyframes for 100 frames", packets: 300, times: 100, pass: true },
  { name: "an hour's for 10 frames", packets: 3600, times: 10, pass: false },
  { name: "an hour's for 100 frames", packets: 3600, times: 100, pass: true },
  { name: "1000 of ProRes for 100 frames", packets: 1000, bytes: 1e9, times: 100, pass: false },
])("$name: a pass is cheaper: $pass", ({ packets, bytes = packets * 1e5, times, pass }) =>
  expect(passIsCheaper({ packets, bytes }, times)).toBe(pass),
);
