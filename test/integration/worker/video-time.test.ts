import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clip, similarity } from "./clips.ts";
import { type MadeVideo, VideoWorkshop } from "./video-workshop.ts";

/** Cuts, speed, frame rates and timecodes: exact to the frame. */

let workshop: VideoWorkshop;
let plain: string;
beforeAll(() => {
  workshop = new VideoWorkshop();
  plain = clip(join(workshop.sources, "plain.mp4"), { size: "160x90" });
});
afterAll(() => workshop.remove());

const TIMES = [
  {
    name: "one cut, exact to the frame",
    video: { cuts: [{ startSeconds: 0.52, endSeconds: 1.04 }] },
    frames: 13,
  },
  {
    name: "several cuts, joined",
    video: { cuts: [{ startSeconds: 1.2 }, { startSeconds: 0.2, endSeconds: 0.4 }] },
    frames: 25,
  },
  { name: "half speed", video: { speed: 0.5 }, frames: 100 },
  { name: "half the frames", video: { fps: 12.5 }, frames: 25 },
  { name: "NTSC's rate is exact", video: { fps: 29.97 }, frames: 60, rate: { num: 30_000, den: 1001 } },
  {
    name: "a cut shows the very frame",
    video: { cuts: [{ startSeconds: 1 }], crf: 10 },
    frames: 25,
    from: 25,
  },
];

describe("frames", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    made = await workshop.makeAll("plain.mp4", TIMES, ({ video }) => video);
  });

  test.each(TIMES)("$name", async ({ name, frames, rate, from }) => {
    const { path, record } = await made(name);
    expect(record.video[0]?.frames).toBe(frames);
    if (rate) expect(record.video[0]?.frameRate).toEqual(rate);
    if (from === undefined) return;
    expect(similarity(path, plain, `trim=start_frame=${from},setpts=PTS-STARTPTS`)).toBeGreaterThan(0.97);
  });
});

test("a proxy keeps timecode, reel, rate and channels", async () => {
  clip(join(workshop.sources, "camera.mov"), {
    size: "160x90",
    more: ["-timecode", "10:00:00:00", "-metadata:s:v:0", "reel_name=A001C002"],
  });
  const { record } = await workshop.make("camera.mov", {
    codec: "prores",
    profile: "proxy",
    container: "mov",
    preset: undefined,
    cuts: [{ startSeconds: 1 }],
  });
  expect(record).toMatchObject({
    timecode: "10:00:01:00",
    reelName: "A001C002",
    video: [{ frameRate: { num: 25, den: 1 } }],
    audio: [{ channels: 1 }],
  });
});
