import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startsFast, walkBoxes } from "../../../worker-image/probe/box-walk.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg, similarity } from "./clips.ts";
import { type MadeVideo, VideoWorkshop } from "./video-workshop.ts";
import { type Attempt, sourceName } from "./worker-attempt.ts";

/** Codecs, containers and rates, as the real worker process makes them with real ffmpeg. */

const WALK = resolve(import.meta.dirname, "../../../examples/media/walk.mp4");

let workshop: VideoWorkshop;
beforeAll(() => {
  workshop = new VideoWorkshop();
  workshop.add(WALK);
  clip(join(workshop.sources, "plain.mp4"));
});
afterAll(() => workshop.remove());

test("a second of the example clip becomes a 480p rendition that looks like it", async () => {
  const cuts = [{ startSeconds: 2, endSeconds: 3 }];
  const { attempt, path, record } = await workshop.make("walk.mp4", {
    height: 480,
    preset: "fast",
    crf: 23,
    cuts,
  });
  expect(attempt.files).toEqual(["made.mp4"]);
  expect(record).toMatchObject({
    video: [{ codec: "h264", width: 854, height: 480, pixelFormat: "yuv420p", frames: 25 }],
    audio: [{ codec: "aac", channels: 2, sampleRate: 48_000 }],
  });
  expect(record.durationSeconds).toBeCloseTo(1, 1);
  expect(startsFast(await walkBoxes(path))).toBe(true);
  const reference = "trim=2:3,setpts=PTS-STARTPTS,scale=854:480:flags=lanczos";
  expect(similarity(path, WALK, reference)).toBeGreaterThan(0.95);
  expect(attempt.result.outputs[0]).toMatchObject({
    phase: "Succeeded",
    format: "h264",
    width: 854,
    height: 480,
  });
});

const CODECS = [
  {
    name: "h265 in mov",
    video: { codec: "h265", container: "mov" },
    expected: { video: [{ codec: "hevc", codecTag: "hvc1" }], audio: [{ codec: "aac" }] },
  },
  {
    name: "vp9 in webm",
    video: { codec: "vp9", container: "webm" },
    expected: { container: "matroska", video: [{ codec: "vp9" }], audio: [{ codec: "opus" }] },
  },
  { name: "av1 in mkv", video: { codec: "av1", container: "mkv" }, expected: { video: [{ codec: "av1" }] } },
  {
    name: "prores in mov",
    video: { codec: "prores", container: "mov", preset: undefined, profile: "lt" },
    expected: {
      video: [{ codec: "prores", profile: "LT", pixelFormat: "yuv422p10le" }],
      audio: [{ codec: "pcm_s24le" }],
    },
  },
  {
    name: "dnxhr in mov",
    video: { codec: "dnxhr", container: "mov", preset: undefined, profile: "hqx" },
    expected: { video: [{ codec: "dnxhd", profile: "DNXHR HQX", pixelFormat: "yuv422p10le" }] },
  },
  {
    name: "prores of 4:4:4",
    video: { codec: "prores", container: "mov", preset: undefined, pixelFormat: "yuv444p10le" },
    expected: { video: [{ codecTag: "ap4h", profile: "4444" }] },
  },
  {
    name: "dnxhr of 10 bits",
    video: { codec: "dnxhr", container: "mov", preset: undefined, pixelFormat: "yuv422p10le" },
    expected: { video: [{ profile: "DNXHR HQX", pixelFormat: "yuv422p10le" }] },
  },
  {
    name: "copied into mkv",
    video: { codec: "copy", container: "mkv", preset: undefined },
    expected: { video: [{ codec: "h264" }], audio: [{ codec: "aac" }] },
  },
];

describe("codecs and containers", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    // DNxHR knows nothing smaller.
    clip(join(workshop.sources, "small.mp4"), { size: "256x144", seconds: 1 });
    made = await workshop.makeAll("small.mp4", CODECS, ({ video }) => video);
  });

  test.each(CODECS)("$name", async ({ name, expected }) => {
    const { record } = await made(name);
    expect(record).toMatchObject(expected);
    expect(record.durationSeconds).toBeCloseTo(1, 0);
  });
});

describe("copied into mp4 plays on Apple's devices", () => {
  const HEVC = ["hevc.mkv", "hevc.ts"];
  let attempt: Attempt;
  beforeAll(async () => {
    const hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"];
    for (const file of HEVC) {
      const video = [...hevc, "-pix_fmt", "yuv420p"];
      clip(join(workshop.sources, file), { size: "160x90", seconds: 1, video });
    }
    attempt = await workshop.attemptAll(HEVC, [{ name: "made", video: { codec: "copy" } }]);
  });

  test.each(HEVC)("%s", async (file) => {
    expect(attempt.result.failures).toEqual([]);
    const { video } = await probe(attempt.pathOf(`made-${sourceName(file)}.mp4`));
    expect(video[0]).toMatchObject({ codec: "hevc", codecTag: "hvc1" });
  });
});

test("a crf of 0 is the best that av1 has", async () => {
  const made = await workshop.makeAll(
    "plain.mp4",
    [
      { name: "0", crf: 0 },
      { name: "1", crf: 1 },
    ],
    ({ crf }) => ({ codec: "av1", crf, audio: { codec: "none" } }),
  );
  const [best, next] = await Promise.all([made("0"), made("1")]);
  expect(best.record.bytes).toBeGreaterThanOrEqual(next.record.bytes);
});

const TWO_PASSES = [
  { name: "h264", container: "mp4" },
  { name: "h265", container: "mp4" },
  { name: "vp9", container: "webm" },
];

describe("two passes meet the bitrate", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    const rate = { bitrateKbps: 400, twoPass: true, audio: { codec: "none" } };
    made = await workshop.makeAll("plain.mp4", TWO_PASSES, ({ name, container }) => ({
      ...rate,
      codec: name,
      container,
    }));
  });

  test.each(TWO_PASSES)("$name", async ({ name }) => {
    const { record } = await made(name);
    expect((record.bitrate ?? 0) / 1000).toBeGreaterThan(300);
    expect((record.bitrate ?? 0) / 1000).toBeLessThan(520);
  });
});

const SIZES = [
  { name: "", video: { cuts: [{ startSeconds: 0, endSeconds: 4 }] } },
  { name: " beside sound that is copied and tells no bitrate", video: { audio: { codec: "copy" } } },
];

describe("a target size", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    const small = ["-vf", "scale=320:180", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "copy"];
    ffmpeg("-i", WALK, "-t", "5", ...small, join(workshop.sources, "brief.mkv"));
    made = await workshop.makeAll("brief.mkv", SIZES, ({ video }) => ({ ...video, targetBytes: 160_000 }));
  });

  test.each(SIZES)("is met$name", async ({ name }) => {
    const { bytes } = (await made(name)).record;
    expect(bytes).toBeGreaterThan(140_000);
    expect(bytes).toBeLessThan(168_000);
  });
});
