import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { apart, clip, flashes, similarity } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** How a rendition looks and sounds beside its source. */

const WALK = resolve(import.meta.dirname, "../../../examples/media/walk.mp4");
const SECOND = { cuts: [{ startSeconds: 2, endSeconds: 3 }], height: 180, audio: { codec: "none" } };

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
  workshop.add(WALK);
  flashes(join(workshop.sources, "flash.mp4"), 4);
});
afterAll(() => workshop.remove());

/** The least SSIM at the codec's default crf, a hundredth below what was measured. */
const FLOORS = [
  { codec: "h264", preset: "ultrafast", floor: 0.94 },
  { codec: "h264", preset: "superfast", floor: 0.96 },
  { codec: "h264", preset: "veryfast", floor: 0.95 },
  { codec: "h264", preset: "faster", floor: 0.96 },
  { codec: "h264", preset: "fast", floor: 0.96 },
  { codec: "h264", preset: "medium", floor: 0.96 },
  { codec: "h264", preset: "slow", floor: 0.96 },
  { codec: "h264", preset: "slower", floor: 0.965 },
  { codec: "h264", preset: "veryslow", floor: 0.965 },
  { codec: "h265", preset: "ultrafast", floor: 0.91 },
  { codec: "h265", preset: "medium", floor: 0.95 },
  { codec: "vp9", preset: "veryfast", floor: 0.965 },
  { codec: "vp9", preset: "medium", floor: 0.975 },
  { codec: "av1", preset: "veryfast", floor: 0.965 },
  { codec: "av1", preset: "medium", floor: 0.965 },
] as const;

describe("a rendition looks like its source", () => {
  let attempt: Attempt;
  beforeAll(async () => {
    const outputs = FLOORS.map(({ codec, preset }) => ({
      name: `${codec}-${preset}`,
      video: { ...SECOND, codec, preset },
    }));
    const [first] = outputs;
    attempt = await workshop.attempt("walk.mp4", { video: first?.video }, { unit: { outputs } as never });
    expect(attempt.result.failures).toEqual([]);
  }, 120_000);

  test.each(FLOORS)("$codec at $preset: SSIM at least $floor", ({ codec, preset, floor }) => {
    const reference = "trim=2:3,setpts=PTS-STARTPTS,scale=320:180:flags=lanczos+accurate_rnd";
    const found = similarity(attempt.pathOf(`${codec}-${preset}.mp4`), WALK, reference);
    expect(found).toBeGreaterThan(floor);
  });
});

describe("flashes and beeps stay together within a millisecond", () => {
  test.each([
    { name: "in one piece", video: {}, at: [1, 2, 3] },
    { name: "trimmed between frames", video: { cuts: [{ startSeconds: 0.51 }] }, at: [0.48, 1.48, 2.48] },
    {
      name: "cut and joined",
      video: {
        cuts: [
          { startSeconds: 1.52, endSeconds: 2.52 },
          { startSeconds: 0.52, endSeconds: 1.52 },
        ],
      },
      at: [0.48, 1.48],
    },
    { name: "at another rate", video: { fps: 50 }, at: [1, 2, 3] },
    { name: "in WebM", video: { codec: "vp9", container: "webm" }, at: [1, 2, 3] },
  ])("$name", async ({ video, at }) => {
    const attempt = await workshop.attempt("flash.mp4", { video: { preset: "ultrafast", ...video } });
    expect(attempt.result.failures).toEqual([]);
    const { flashes: lit, seconds } = apart(attempt.pathOf(attempt.files[0] ?? ""));
    // ffmpeg counts a WebM from the silence that Opus puts before its sound
    expect(lit).toHaveLength(at.length);
    for (const [place, each] of lit.entries()) expect(Math.abs(each - (at[place] ?? 0))).toBeLessThan(0.01);
    for (const each of seconds) expect(Math.abs(each)).toBeLessThanOrEqual(0.001);
  });
});

test.each([
  { codec: "prores", profile: "proxy", container: "mov" },
  { codec: "dnxhr", profile: "lb", container: "mov" },
])("a proxy in $codec carries timecode, rate, reel and channels", async (video) => {
  clip(join(workshop.sources, "camera.mov"), {
    size: "320x180",
    seconds: 1,
    rate: "30000/1001",
    audio: ["-c:a", "pcm_s16le", "-ac", "2"],
    more: ["-timecode", "09:59:59;28", "-metadata:s:v:0", "reel_name=A001C002"],
  });
  const attempt = await workshop.attempt("camera.mov", { video });
  expect(attempt.result.failures).toEqual([]);
  expect(await probe(attempt.pathOf("made.mov"))).toMatchObject({
    timecode: "09:59:59;28",
    dropFrame: true,
    reelName: "A001C002",
    video: [{ frameRate: { num: 30_000, den: 1001 }, frames: 30 }],
    audio: [{ channels: 2 }],
  });
});
