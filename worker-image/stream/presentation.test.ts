import { expect, test } from "vitest";
import { streamOutput } from "../../crds/outputs/stream.ts";
import { describeMedia } from "../probe/describe-media.ts";
import { ffprobeJson } from "../probe/ffprobe.ts";
import { seamDifferences } from "../video/join.ts";
import { partArguments, presentationArguments } from "./arguments.ts";
import { planPresentation } from "./presentation.ts";

const FILES = {
  sourcePath: "film.mov",
  threads: 2,
  videoPaths: ["360.mp4", "1080.mp4"],
  audioPaths: ["audio.mp4"],
  subtitlePaths: [],
  sheets: { directory: ".", prefix: "" },
};

const RENDITIONS = [
  { height: 360, bitrateKbps: 800 },
  { height: 1080, bitrateKbps: 5000 },
];

/** Of a minute of 4K of PQ with stereo. */
function planned(wish: Record<string, unknown>, size = { width: 3840, height: 2160 }) {
  const video = { codec_name: "hevc", pix_fmt: "yuv420p10le", color_transfer: "smpte2084", ...size };
  const rates = { avg_frame_rate: "25/1", r_frame_rate: "25/1" };
  const sound = { codec_name: "aac", channels: 2, channel_layout: "stereo", sample_rate: "48000" };
  const record = describeMedia(
    ffprobeJson.parse({
      streams: [
        { index: 0, codec_type: "video", disposition: {}, ...video, ...rates },
        { index: 1, codec_type: "audio", disposition: {}, ...sound },
      ],
      format: { format_name: "mov", duration: "60" },
    }),
    1000,
  );
  return planPresentation(
    record,
    streamOutput.parse({ ladder: "Explicit", renditions: RENDITIONS, ...wish }),
  );
}

const count = (list: readonly string[], text: string) => list.join(" ").split(text).length - 1;

test("HDR is scaled to the largest rung, mapped to SDR there, once, and scaled on from it", () => {
  const list = presentationArguments(planned({}), FILES);
  const graph = list[list.indexOf("-filter_complex") + 1] ?? "";
  expect(graph).toMatch(
    /^\[scale0\]scale=640:360.*;\[0:0\].*scale=1920:1080.*tonemap=.*split=2\[rung1\]\[scale0\];/,
  );
  expect(count(list, "tonemap=tonemap")).toBe(1);
  expect(count(list, "-color_trc bt709")).toBe(2);
});

test("HDR that is kept is not mapped, and every rung says what it is", () => {
  const list = presentationArguments(planned({ codec: "h265", dynamicRange: "Source" }), FILES);
  expect(count(list, "tonemap")).toBe(0);
  expect(count(list, "-pix_fmt:v yuv420p10le")).toBe(2);
  expect(count(list, "-color_trc smpte2084")).toBe(2);
  expect(count(list, "hdr10=1")).toBe(2);
});

test("a part has the pictures of its window alone, and keyframes where one run would put them", () => {
  const whole = planned({ segmentSeconds: 6 });
  const window = { startSeconds: 60, endSeconds: 120 };
  const part = { ...whole, sounds: [], top: { ...whole.top, work: { ...whole.top.work, window } } };
  const list = partArguments(part, { ...FILES, seekSeconds: 59 });
  expect(count(list, "trim=start=60:end=120")).toBe(1);
  expect(count(list, "expr:gte(t+60,(n_forced+10)*6)")).toBe(2);
  expect(count(list, "-fps_mode:v vfr")).toBe(2);
  expect(count(list, "audio.mp4")).toBe(0);
});

test.each([
  { name: "a wall of three screens in 4K", size: { width: 11_520, height: 2160 }, largest: "11520x2160" },
  { name: "a strip of eight lines", size: { width: 640, height: 8 }, largest: "640x8" },
])("$name has a ladder, as every source does", ({ size, largest }) => {
  const { rungs, top } = planned({ ladder: "Auto", renditions: undefined }, size);
  const last = rungs.at(-1)?.size;
  expect(`${last?.width}x${last?.height}`).toBe(largest);
  expect(top.size).toEqual(last);
});

test.each(["h264", "h265", "av1"])("every rung of %s has the crf, below a cap of its own", (codec) => {
  const list = presentationArguments(planned({ codec, crf: 40 }), FILES);
  const given = (option: string) => list.flatMap((token, at) => (token === option ? [list[at + 1]] : []));
  expect(given("-crf:v")).toEqual(["40", "40"]);
  expect(given("-maxrate:v")).toEqual(["800k", "5000k"]);
  expect(given("-b:v")).toEqual([]);
});

test("a part that is missing is found whatever rate the source has, by that of the stream", () => {
  const { top } = planned({ fps: 50 });
  const parts = [0, 120].map((startSeconds) => ({
    startSeconds,
    endSeconds: startSeconds + 60,
    frames: 3000,
  }));
  expect(top.fps).toEqual({ num: 50, den: 1 });
  expect(seamDifferences(parts, top)).toEqual(["60.000 s before 120 s are missing"]);
});

test("a rendition too small for av1 is told with the way out", () => {
  expect(() => planned({ codec: "av1", renditions: [{ height: 46, bitrateKbps: 100 }] })).toThrow(
    "rendition 46p would be 82×46, and av1 has no picture below 64×64; leave it out or take another codec",
  );
});

test.each([
  { codec: "h264", threads: 2, expected: ["1", "2"] },
  { codec: "h264", threads: 4, expected: ["4", "4"] },
  { codec: "h265", threads: 2, expected: ["2", "2"] },
])("$threads threads of $codec are $expected of the encoders", ({ codec, threads, expected }) => {
  const list = presentationArguments(planned({ codec }), { ...FILES, threads });
  expect(list.flatMap((token, at) => (token === "-threads:v" ? [list[at + 1]] : []))).toEqual(expected);
});
