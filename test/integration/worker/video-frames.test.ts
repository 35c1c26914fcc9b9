import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listKeyframes } from "../../../worker-image/frames/keyframes.ts";
import { clip, ffmpeg } from "./clips.ts";
import { Workshop } from "./worker-attempt.ts";

/** Frames at times, and in sheets, that a source or a format may not have. */

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
  clip(join(workshop.sources, "long.mp4"), { seconds: 10, more: ["-g", "25"] });
});
afterAll(() => workshop.remove());

test("sprites of times in any order follow each other as the film does", async () => {
  const frames = { atSeconds: [2, 8, 5, 2], width: 160, layout: "Sprite" };
  const { result, pathOf } = await workshop.attempt("long.mp4", { frames });
  expect(result.failures).toEqual([]);
  const cues = readFileSync(pathOf("made.vtt"), "utf8").match(/^\S+ --> \S+$/gm);
  expect(cues).toEqual([
    "00:00:00.000 --> 00:00:05.000",
    "00:00:05.000 --> 00:00:08.000",
    "00:00:08.000 --> 00:00:10.000",
  ]);
});

const UNINDEXED = [
  {
    name: "a transport stream",
    file: "dark.ts",
    video: ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "1"],
    keyframes: [0, 50, 100],
  },
  { name: "a program stream", file: "dark.mpg", video: ["-c:v", "mpeg2video", "-q:v", "1"] },
];

test.each(UNINDEXED)("frames of $name are those of their times", async ({ file, video, keyframes }) => {
  // luma grows by one with each frame; keyframes are 2 s apart
  ffmpeg(
    ...["-f", "lavfi", "-i", "nullsrc=s=64x64:r=25:d=6,geq=lum=40+N:cb=128:cr=128"],
    ...[...video, "-g", "50", "-pix_fmt", "yuv420p", join(workshop.sources, file)],
  );
  const shown = async (exact: boolean, atSeconds: number[]) => {
    const frames = { atSeconds, exact, format: "png" };
    const { result, files, pathOf } = await workshop.attempt(file, { frames });
    expect(result.failures).toEqual([]);
    const stats = await Promise.all(files.map((each) => sharp(pathOf(each)).stats()));
    // limited range to full, as the pictures are shown
    return stats.map(({ channels: [grey] }) => Math.round(((grey?.mean ?? 0) * 219) / 255 + 16 - 40));
  };
  const close = (numbers: number[]) => numbers.map((each) => expect.closeTo(each, -0.5));
  expect(await shown(true, [1.01, 3.01, 5.01])).toEqual(close([25, 75, 125]));
  if (keyframes) expect(await shown(false, [1, 3, 5.5])).toEqual(close(keyframes));
});

test("the first frames of an AVI with B-frames are those of its start", async () => {
  ffmpeg(
    ...["-f", "lavfi", "-i", "nullsrc=s=64x64:r=25:d=6,geq=lum=40+N:cb=128:cr=128"],
    ...["-c:v", "mpeg4", "-bf", "2", "-q:v", "2", "-g", "50", join(workshop.sources, "old.avi")],
  );
  const shown = async (exact: boolean, atSeconds: number[]) => {
    const frames = { atSeconds, exact, format: "png" };
    const { result, files, pathOf } = await workshop.attempt("old.avi", { frames });
    expect(result.failures).toEqual([]);
    const stats = await Promise.all(files.map((each) => sharp(pathOf(each)).stats()));
    return stats.map(({ channels: [grey] }) => Math.round(((grey?.mean ?? 0) * 219) / 255 + 16 - 40));
  };
  const close = (numbers: number[]) => numbers.map((each) => expect.closeTo(each, -0.5));
  expect(await shown(true, [0, 0.13, 0.5])).toEqual(close([0, 3, 12]));
  expect(await shown(false, [0, 0.13])).toEqual(close([0, 0]));
});

test("an exact frame is the one that is shown at its time, up to the end of a slow source", async () => {
  await ffmpeg(
    ...["-f", "lavfi", "-i", "nullsrc=s=64x64:r=1:d=10,geq=lum=40+N*10:cb=128:cr=128"],
    ...["-c:v", "libx264", "-pix_fmt", "yuv420p", join(workshop.sources, "slow.mp4")],
  );
  const frames = { atSeconds: [3, 3.5, 9.6, 10], exact: true, format: "png" };
  const { result, files, pathOf } = await workshop.attempt("slow.mp4", { frames });
  expect(result.failures).toEqual([]);
  const stats = await Promise.all(files.map((each) => sharp(pathOf(each)).stats()));
  const numbers = stats.map(({ channels: [grey] }) => ((grey?.mean ?? 0) * 219) / 255 + 16 - 40);
  expect(numbers.map((each) => Math.round(each / 10))).toEqual([3, 3, 9, 9]);
});

test.each(["mkv", "mp4"])("frames of a %s that begins late are spread over its length", async (ext) => {
  const file = `late.${ext}`;
  const early = join(workshop.sources, "early.mp4");
  clip(early, { seconds: 3 });
  ffmpeg("-i", early, "-c", "copy", "-output_ts_offset", "10", join(workshop.sources, file));
  const { result, files } = await workshop.attempt(file, { frames: { count: 6, exact: true } });
  expect(result.failures).toEqual([]);
  expect(result.warnings).toEqual([]);
  expect(files).toHaveLength(6);
  const video = await workshop.attempt(file, { video: { preset: "ultrafast" } });
  expect(video.result.warnings).toEqual([]);
});

test("a film of nothing but keyframes is not read on when seeking is quicker", async () => {
  const path = join(workshop.sources, "intra.mov");
  ffmpeg(
    ...["-f", "lavfi", "-i", "nullsrc=s=64x64:r=25:d=120", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", path],
  );
  const limits = { threads: 1, maxAllocBytes: 2 ** 28, signal: new AbortController().signal };
  expect(await listKeyframes(path, { index: 0, limits, times: 2 })).toBeUndefined();
  expect(await listKeyframes(path, { index: 0, limits, times: 60 })).toHaveLength(3000);
});

test("a recording that does not tell its length has as many frames as are asked for", async () => {
  const list = [
    "-c:v",
    "libvpx",
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-an",
    "-f",
    "webm",
    "-live",
    "1",
  ];
  ffmpeg(
    "-i",
    join(workshop.sources, "long.mp4"),
    "-t",
    "4",
    ...list,
    join(workshop.sources, "recorded.webm"),
  );
  const frames = { count: 4, width: 160, exact: true };
  const { result, files } = await workshop.attempt("recorded.webm", { frames });
  expect(result.failures).toEqual([]);
  expect(files).toHaveLength(4);
});

test.each([
  { everySeconds: 2, taken: 3 },
  { count: 4, taken: 4 },
])("a clock that jumps by an hour makes no hour of thumbnails: $taken", async ({ taken, ...wish }) => {
  const parts = ["0", "3600"].map((offset) => {
    const path = join(workshop.root, `at-${offset}.ts`);
    clip(path, { size: "160x90", seconds: 3, more: ["-g", "25", "-output_ts_offset", offset] });
    return readFileSync(path);
  });
  workshop.write("jump.ts", Buffer.concat(parts));
  const { result, files } = await workshop.attempt("jump.ts", { frames: { width: 160, ...wish } });
  expect(result.failures).toEqual([]);
  expect(files).toHaveLength(taken);
  expect(result.warnings).toMatchObject([{ reason: "SourceShorterThanDeclared" }]);
});

test("an animation moves where its source has one keyframe alone", async () => {
  clip(join(workshop.sources, "one-keyframe.mp4"), { seconds: 4, more: ["-g", "250"] });
  const { result, files, pathOf } = await workshop.attempt("one-keyframe.mp4", {
    frames: { count: 4, width: 160, layout: "Animation", format: "webp" },
  });
  expect(result.failures).toEqual([]);
  const pages = await sharp(pathOf(files[0] ?? ""), { animated: true }).metadata();
  expect(pages.pages).toBe(4);
});

test.each([
  {
    name: "times beyond the end",
    frames: { atSeconds: [100] },
    message: "the source lasts 10 s and all of atSeconds lie beyond its end",
  },
  {
    name: "a sheet that its format cannot hold",
    frames: { count: 1000, width: 320, layout: "ContactSheet", format: "webp" },
    message: "make a sheet of 3200×18000 pixels, and webp takes 16383 a side at most",
  },
])("$name are the spec's failure, before any frame is taken", async ({ frames, message }) => {
  const { result, files } = await workshop.attempt("long.mp4", { frames });
  expect(result.failure).toMatchObject({
    reason: "InvalidOutputSpec",
    message: expect.stringContaining(message),
  });
  expect(files).toEqual([]);
});
