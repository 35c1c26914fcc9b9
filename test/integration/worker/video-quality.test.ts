import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FLOORS, floorName, floorVideo, REFERENCE, WALK } from "../../worker/quality-floors.ts";
import { apart, flashes, similarity } from "./clips.ts";
import { VideoWorkshop } from "./video-workshop.ts";

/** How a rendition looks and sounds beside its source. */

let workshop: VideoWorkshop;
beforeAll(() => {
  workshop = new VideoWorkshop();
  workshop.add(WALK);
  flashes(join(workshop.sources, "flash.mp4"), 4);
});
afterAll(() => workshop.remove());

/** A preset of each codec; test/long has all of them. */
const SOME = FLOORS.filter(
  ({ codec, preset }) => preset === "medium" || (codec === "h264" && preset === "ultrafast"),
).map((row) => ({ ...row, name: floorName(row) }));

describe("a rendition looks like its source", () => {
  let pathOf: (name: string) => string;
  beforeAll(async () => {
    pathOf = await workshop.makePaths("walk.mp4", SOME, floorVideo);
  }, 120_000);

  test.each(SOME)("$name: SSIM at least $floor", ({ name, floor }) => {
    expect(similarity(pathOf(name), WALK, REFERENCE)).toBeGreaterThan(floor);
  });
});

const SYNCHRONOUS = [
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
];

describe("flashes and beeps stay together within a millisecond", () => {
  let pathOf: (name: string) => string;
  beforeAll(async () => {
    pathOf = await workshop.makePaths("flash.mp4", SYNCHRONOUS, ({ video }) => video);
  });

  test.each(SYNCHRONOUS)("$name", ({ name, at }) => {
    const { flashes: lit, seconds } = apart(pathOf(name));
    // ffmpeg counts a WebM from the silence that Opus puts before its sound
    expect(lit).toHaveLength(at.length);
    for (const [place, each] of lit.entries()) expect(Math.abs(each - (at[place] ?? 0))).toBeLessThan(0.01);
    for (const each of seconds) expect(Math.abs(each)).toBeLessThanOrEqual(0.001);
  });
});
