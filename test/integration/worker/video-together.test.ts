import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { output } from "../../../crds/outputs/output.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg, similarity } from "./clips.ts";
import { VideoWorkshop } from "./video-workshop.ts";

/** Several outputs of one source that are made from one decode of it. */

let workshop: VideoWorkshop;
beforeAll(() => {
  workshop = new VideoWorkshop();
  clip(join(workshop.sources, "clip.mp4"), { size: "160x90", seconds: 1 });
  clip(join(workshop.sources, "hdr.mp4"), {
    ...{ size: "160x90", seconds: 1 },
    video: [
      ...[
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p10le",
        "-x265-params",
        "log-level=error",
      ],
      ...["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"],
    ],
  });
});
afterAll(() => workshop.remove());

const COMMON = { preset: "ultrafast", denoise: "Light" };

const runTogether = (file: string, outputs: Record<string, Record<string, unknown>>) =>
  workshop.attempt(
    file,
    { video: {} },
    {
      unit: {
        outputs: Object.entries(outputs).map(([name, video]) =>
          output.parse({ name, video: { ...COMMON, ...video } }),
        ),
      },
    },
  );

const pictures = (path: string) =>
  execFileSync("ffmpeg", ["-v", "error", "-i", path, "-map", "0:v", "-f", "md5", "-"], { encoding: "utf8" });

test("outputs that share a decode are what each would be by itself", async () => {
  const small = { height: 46, container: "mov", audio: { codec: "pcm", loudness: {} } };
  const square = { width: 64, height: 64, fit: "cover", codec: "vp9", container: "mkv" };
  const { result, pathOf } = await runTogether("clip.mp4", { whole: {}, small, square });
  expect(result.failures).toEqual([]);
  expect(result.counts).toEqual({ succeeded: 3, skipped: 0, failed: 0 });

  const alone = await workshop.make("clip.mp4", { ...COMMON, ...small });
  expect(pictures(pathOf("small.mov"))).toBe(pictures(alone.path));
  const record = await probe(pathOf("small.mov"));
  expect(record.audio.map(({ codec }) => codec)).toEqual(alone.record.audio.map(({ codec }) => codec));
  expect(await probe(pathOf("square.mkv"))).toMatchObject({
    video: [{ codec: "vp9", width: 64, height: 64 }],
  });
});

test("an output that cannot be made costs the others nothing", async () => {
  const { result } = await runTogether("clip.mp4", {
    whole: {},
    cropped: { crop: { width: 400, height: 400 } },
    other: { crop: { width: 400, height: 400 } },
    // fails only when its encoder starts: no such level has room for it
    impossible: { codec: "h265", level: "1.0", width: 160, pixelFormat: "yuv444p", profile: "main" },
  });
  expect(result.outputs.map(({ output }) => output)).toEqual(["whole"]);
  expect(result.failures.map(({ output, reason }) => [output, reason]).toSorted()).toEqual([
    ["cropped", "InvalidOutputSpec"],
    ["impossible", "EngineFailed"],
    ["other", "InvalidOutputSpec"],
  ]);
});

test("that a track cannot be levelled is told of each output", async () => {
  const silent = ["-af", "volume=0", "-c:v", "copy", "-c:a", "aac", join(workshop.sources, "silent.mp4")];
  ffmpeg("-i", join(workshop.sources, "clip.mp4"), ...silent);
  const levelled = { audio: { loudness: {} } };
  const { result } = await runTogether("silent.mp4", { whole: levelled, small: { ...levelled, height: 46 } });
  expect(result.warnings.map(({ reason, output }) => [reason, output])).toEqual([
    ["SilentTrack", "whole"],
    ["SilentTrack", "small"],
  ]);
});

test("HDR is mapped once, and each size looks as if it had been mapped by itself", async () => {
  const { result, pathOf } = await runTogether("hdr.mp4", {
    whole: {},
    small: { height: 44, crf: 10 },
  });
  expect(result.failures).toEqual([]);
  const alone = await workshop.make("hdr.mp4", { ...COMMON, height: 44, crf: 10 });
  expect(alone.record.video[0]).toMatchObject({ color: { transfer: "bt709" }, dynamicRange: "SDR" });
  expect(similarity(pathOf("small.mp4"), alone.path)).toBeGreaterThan(0.9);
});
