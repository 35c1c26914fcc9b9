import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { apart, clip, ffmpeg, flashes, similarity } from "./clips.ts";
import { Workshop } from "./worker-attempt.ts";

/** Long videos made in parts by several worker processes, as units of one MediaJob, and joined. */

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
  const at = (name: string) => join(workshop.sources, name);
  clip(at("plain.mp4"), { size: "160x90", seconds: 4 });
  clip(at("ntsc.mov"), {
    size: "160x90",
    seconds: 4,
    rate: "30000/1001",
    more: ["-timecode", "10:00:00;00", "-metadata:s:v:0", "reel_name=A001C002"],
  });
  // Sound starts first, and frames come at unequal distances.
  ffmpeg(
    "-i",
    at("plain.mp4"),
    ...["-vf", "select=not(eq(mod(n\\,7)\\,3)),setpts=PTS+0.5/TB"],
    ...["-fps_mode", "vfr"],
    at("varying.mkv"),
  );
  ffmpeg("-i", at("plain.mp4"), ...["-output_ts_offset", "3.5", "-c", "copy"], at("late.mkv"));
  ffmpeg("-i", at("plain.mp4"), "-c", "copy", at("stream.ts"));
  ffmpeg("-i", at("plain.mp4"), "-c:v", "mpeg4", "-bf", "2", "-c:a", "mp3", at("old.avi"));
});
afterAll(() => workshop.remove());

let pairs = 0;

/** Makes an output in one piece, and in parts with these boundaries, each by a worker process of its own. */
async function both(file: string, video: Record<string, unknown>, boundaries: number[]) {
  const output = { video: { preset: "ultrafast", ...video } };
  const out = `parts-${++pairs}`;
  const starts = [0, ...boundaries];
  const [whole, ...parts] = await Promise.all([
    workshop.attempt(file, output),
    ...starts.map((startSeconds, index) => {
      const part = { index, count: starts.length, startSeconds, endSeconds: starts[index + 1] };
      return workshop.attempt(file, output, { out, unit: { name: `video-0-part-${index}`, part } });
    }),
  ]);
  expect(whole.result.failures).toEqual([]);
  for (const part of parts) {
    expect(part.result).toMatchObject({ failures: [], outputs: [], counts: { succeeded: 0, failed: 0 } });
    expect([part.exitCode, part.files]).toEqual([0, []]);
  }
  const joined = await workshop.attempt(file, output, {
    out,
    unit: { name: "video-0-join", join: { parts: starts.length } },
  });
  expect(joined.result.failures).toEqual([]);
  expect(joined.files).toEqual(whole.files);
  expect(readdirSync(join(workshop.root, out, ".mediajob/uid-1/parts"))).toEqual([]);
  const [name = ""] = whole.files;
  return { whole: whole.pathOf(name), joined: joined.pathOf(name), attempt: joined };
}

/** Time of each frame that is shown. */
function shown(path: string): number[] {
  const list = [
    "-v",
    "error",
    "-select_streams",
    "v:0",
    "-show_entries",
    "frame=pts_time",
    "-of",
    "json",
    path,
  ];
  const { frames } = JSON.parse(execFileSync("ffprobe", list, { encoding: "utf8" }));
  return frames.map(({ pts_time }: { pts_time: string }) => Number(pts_time));
}

test.each([
  { name: "h264 with B-frames", file: "plain.mp4", video: { preset: "fast" }, boundaries: [1, 3] },
  {
    name: "h265 with B-frames",
    file: "plain.mp4",
    video: { codec: "h265", preset: "medium" },
    boundaries: [2.5],
  },
  { name: "vp9 in webm", file: "plain.mp4", video: { codec: "vp9", container: "webm" }, boundaries: [3] },
  { name: "av1 in mp4", file: "plain.mp4", video: { codec: "av1" }, boundaries: [3] },
  {
    name: "prores",
    file: "ntsc.mov",
    video: { codec: "prores", preset: undefined, container: "mov" },
    boundaries: [2],
  },
  {
    name: "dnxhr in mkv",
    file: "ntsc.mov",
    video: { codec: "dnxhr", preset: undefined, container: "mkv", width: 320, enlarge: true },
    boundaries: [2],
  },
  { name: "NTSC's rate, cut between frames", file: "ntsc.mov", video: {}, boundaries: [3.01] },
  {
    name: "a varying rate with sound that starts first",
    file: "varying.mkv",
    video: {},
    boundaries: [3.3],
  },
  { name: "an AVI", file: "old.avi", video: {}, boundaries: [2.5] },
  { name: "a source that starts late", file: "late.mkv", video: {}, boundaries: [2] },
  { name: "a rate made constant", file: "varying.mkv", video: { fps: 30 }, boundaries: [3.3] },
  {
    name: "fewer frames, and filters that look at neighbours",
    file: "plain.mp4",
    video: { fps: 12.5, denoise: "Light", deinterlace: "Always" },
    boundaries: [2.3],
  },
])("$name: the same frames at the same times as in one piece", async ({ file, video, boundaries }) => {
  const { whole, joined } = await both(file, video, boundaries);
  expect(shown(joined)).toEqual(shown(whole));
  const [record, expected] = [await probe(joined), await probe(whole)];
  const {
    bytes: _,
    bitrate: __,
    video: [picture],
    audio,
    ...rest
  } = record;
  const {
    bytes: _b,
    bitrate: _r,
    video: [wantedPicture],
    audio: wantedAudio,
    ...wanted
  } = expected;
  expect(rest).toEqual(wanted);
  expect({ ...picture, bitrate: 0 }).toEqual({ ...wantedPicture, bitrate: 0 });
  expect(audio).toEqual(wantedAudio);
});

test("flashes and beeps stay together within a millisecond, with the sound levelled as a whole", async () => {
  flashes(join(workshop.sources, "flash.mp4"), 4);
  const video = { audio: { loudness: { integratedLufs: -20 } }, metadata: "Strip" };
  const { whole, joined } = await both("flash.mp4", video, [1, 3]);
  const [before, after] = [apart(whole), apart(joined)];
  expect(before.seconds).toHaveLength(3);
  expect(after.beeps).toEqual(before.beeps);
  for (const seconds of after.seconds) expect(Math.abs(seconds)).toBeLessThanOrEqual(0.001);
});

test("frames between frames and a counted timecode go on where the part before ended", async () => {
  const video = { interpolate: { fps: 50 }, crf: 10, burnIn: { timecode: { size: 0.2 } } };
  const { whole, joined } = await both("plain.mp4", video, [2]);
  expect(shown(joined)).toEqual(shown(whole));
  expect(similarity(joined, whole)).toBeGreaterThan(0.98);
});

test("a part of a span without frames holds none, and the others join", async () => {
  const { whole, joined } = await both("plain.mp4", { fps: undefined }, [2, 2.001, 2.002]);
  expect(shown(joined)).toEqual(shown(whole));
});

test("keyframes stand where one run puts them", async () => {
  const keys = (path: string) => {
    const list = [
      "-v",
      "error",
      "-select_streams",
      "v:0",
      "-skip_frame",
      "nokey",
      "-show_entries",
      "frame=pts_time",
    ];
    return execFileSync("ffprobe", [...list, "-of", "csv=p=0", path], { encoding: "utf8" })
      .match(/[\d.]+/g)
      ?.map(Number);
  };
  const { whole, joined } = await both("plain.mp4", { keyframeIntervalSeconds: 1.5 }, [2]);
  expect(keys(whole)).toEqual([0, 1.52, 3]);
  expect(keys(joined)).toEqual([0, 1.52, 2, 3]);
});

const video = { preset: "ultrafast" };
const first = { index: 0, count: 2, startSeconds: 0, endSeconds: 3 };

test("a part that is missing is named, and asked for again", async () => {
  const out = "incomplete";
  await workshop.attempt("plain.mp4", { video }, { out, unit: { name: "video-0-part-0", part: first } });
  const joined = await workshop.attempt("plain.mp4", { video }, { out, unit: { join: { parts: 2 } } });
  expect(joined.result.failure).toMatchObject({
    class: "storage",
    reason: "PartMissing",
    message: expect.stringContaining("part 1 of 2"),
  });
  expect(joined.files).toEqual([]);
});

test("a part that was made is not made again", async () => {
  const options = { out: "again", unit: { name: "video-0-part-0", part: first } };
  await workshop.attempt("plain.mp4", { video }, options);
  const parts = join(workshop.root, "again/.mediajob/uid-1/parts");
  const before = readdirSync(parts).map((name) => statSync(join(parts, name)).mtimeMs);
  const again = await workshop.attempt("plain.mp4", { video }, options);
  expect(again.exitCode).toBe(0);
  expect(readdirSync(parts).map((name) => statSync(join(parts, name)).mtimeMs)).toEqual(before);
});

test("a source whose frames cannot be found is refused, and not made without them", async () => {
  const attempt = await workshop.attempt("stream.ts", { video }, { unit: { part: first } });
  expect(attempt.result.failure).toMatchObject({
    class: "config",
    reason: "InvalidUnit",
    message: expect.stringContaining("mpegts"),
  });
});

test("an output that may not be cut is refused, with the reason", async () => {
  const attempt = await workshop.attempt("plain.mp4", { video: { speed: 2 } }, { unit: { part: first } });
  expect(attempt.result.failure).toMatchObject({
    class: "config",
    reason: "InvalidUnit",
    message: expect.stringContaining("speed moves frames"),
  });
});
