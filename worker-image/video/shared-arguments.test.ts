import { expect, test } from "vitest";
import { sharedDecodeKey } from "../../crds/outputs/shared-decode.ts";
import { videoOutput } from "../../crds/outputs/video.ts";
import { describeMedia } from "../probe/describe-media.ts";
import { ffprobeJson } from "../probe/ffprobe.ts";
import { planRendition } from "./rendition.ts";
import { type SharedOutput, sharedArguments } from "./shared-arguments.ts";

/** A minute of 4K at 50 frames a second, in HDR where a test says so. */
const source = (video: object = {}) =>
  describeMedia(
    ffprobeJson.parse({
      streams: [
        {
          ...{ index: 0, codec_type: "video", codec_name: "hevc", width: 3840, height: 2160 },
          ...{
            pix_fmt: "yuv420p10le",
            color_space: "bt709",
            avg_frame_rate: "50/1",
            r_frame_rate: "50/1",
            ...video,
          },
        },
        { index: 1, codec_type: "audio", codec_name: "aac", channels: 2, sample_rate: "48000" },
      ],
      format: { format_name: "mov", duration: "60" },
    }),
    1e6,
  );

const HDR = source({ color_transfer: "smpte2084", color_space: "bt2020nc" });

function runOf(videos: readonly object[], record = source()): string[] {
  const outputs = videos.map(
    (video, at): SharedOutput => ({
      rendition: planRendition(record, videoOutput.parse(video)),
      targetPath: `/out/${at}.mp4`,
      loudness: [],
    }),
  );
  const [first, ...others] = outputs;
  if (!first) throw new Error("no outputs");
  return sharedArguments([first, ...others], { sourcePath: "/in/film.mov", threads: 2 });
}

const graphOf = (videos: readonly object[], record = source()): string[] => {
  const list = runOf(videos, record);
  return (list[list.indexOf("-filter_complex") + 1] ?? "").split(";");
};

test("a source is opened once, and each output has its own encoder and file", () => {
  const list = runOf([{ height: 1080 }, { height: 720, codec: "h265", audio: { codec: "none" } }]);
  expect(list.filter((token) => token === "-i")).toHaveLength(1);
  expect(list.filter((token) => token === "-c:v")).toHaveLength(2);
  expect(list.filter((token) => token.startsWith("file:/out/"))).toEqual([
    "file:/out/0.mp4",
    "file:/out/1.mp4",
  ]);
  expect(list.filter((_, at) => list[at - 1] === "-map")).toEqual([
    "[picture0]",
    "[output0sound0]",
    "[picture1]",
  ]);
});

test("what all have is done once, and sizes are made from it", () => {
  const [common, large, small] = graphOf([
    { height: 1080, denoise: "Light", sharpen: 0.5 },
    { height: 720, denoise: "Light" },
  ]);
  expect(common).toBe("[0:0]hqdn3d=luma_spatial=2,split=2[shared0][shared1]");
  expect(large).toMatch(/^\[shared0\]scale=1920:1080.*unsharp/);
  expect(small).toMatch(/^\[shared1\]scale=1280:720.*\[picture1\]$/);
  expect(small).not.toContain("unsharp");
});

test("HDR is mapped once, at the largest size, from which the others are scaled", () => {
  const [common, large, small] = graphOf([{ height: 720 }, { height: 1080 }], HDR);
  expect(common).toMatch(/^\[0:0\]scale=1920:1080.*tonemap.*split=2/);
  expect(large).toMatch(/^\[shared0\]scale=1280:720/);
  expect(small).toBe("[shared1]null[picture1]");
});

test("HDR is mapped to the format that holds what each of them holds", () => {
  const [common] = graphOf([{ height: 720 }, { codec: "prores", container: "mov" }], HDR);
  expect(common).toContain("format=yuv422p10le,split=2");
});

test("cuts are joined before all else, and frames are dropped before they cost anything", () => {
  const cuts = [{ startSeconds: 1, endSeconds: 2 }, { startSeconds: 5 }];
  const [common, first] = graphOf([
    { height: 720, cuts, fps: 25 },
    { height: 480, cuts, fps: 25 },
  ]);
  expect(common).toBe("[0:0][1:0]concat=n=2:v=1:a=0,fps=25/1,trim=end_frame=1400,split=2[shared0][shared1]");
  expect(first).not.toContain("fps");
});

test("frames are repeated after scaling", () => {
  const [common, first] = graphOf([
    { height: 720, fps: 100 },
    { height: 480, fps: 100 },
  ]);
  expect(common).not.toContain("fps");
  expect(first).toMatch(/scale=1280:720.*fps=100\/1\[picture0\]$/);
});

test.each([
  {
    name: "size, codec, quality and sharpness may differ",
    one: { height: 720 },
    other: { codec: "vp9", crf: 40, sharpen: 1 },
    alike: true,
  },
  { name: "frames may not", one: { fps: 25 }, other: { fps: 50 }, alike: false },
  { name: "nor what is cut off", one: { crop: { width: 100, height: 100 } }, other: {}, alike: false },
  { name: "nor how long it sounds", one: { audio: { codec: "none" } }, other: {}, alike: false },
  { name: "how it sounds may", one: { audio: { channels: "Mono", loudness: {} } }, other: {}, alike: true },
])("to share a decode, $name", ({ one, other, alike }) => {
  const keyOf = (video: object) => sharedDecodeKey(videoOutput.parse(video));
  expect(keyOf(one)).toBeDefined();
  expect(keyOf(one) === keyOf(other)).toBe(alike);
});

test.each([
  { codec: "copy" },
  { bitrateKbps: 900, twoPass: true },
  { appendSources: ["b"] },
  { interpolate: { fps: 60 } },
])("%o has a decode of its own", (video) =>
  expect(sharedDecodeKey(videoOutput.parse(video))).toBeUndefined(),
);
