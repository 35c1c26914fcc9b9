import { expect, test } from "vitest";
import { videoOutput } from "../../crds/outputs/video.ts";
import {
  bitrateForSize,
  defaultPixelFormat,
  type EncodedCodec,
  encoderArguments,
  rateControlOf,
} from "./encoders.ts";

type Raw = Record<string, unknown>;
const encode = (codec: EncodedCodec, output: Raw = {}, more: Raw = {}) => {
  const parsed = videoOutput.parse({ codec, container: "mkv", ...output });
  return encoderArguments({
    codec,
    output: parsed,
    rate: rateControlOf(parsed, codec),
    pixelFormat: "yuv420p",
    threads: 2,
    fps: 25,
    dynamicRange: "SDR",
    ...more,
  }).join(" ");
};

test.each([
  {
    name: "h264 at its defaults",
    codec: "h264",
    output: {},
    has: ["-c:v libx264", "-preset:v medium", "-crf:v 23", "-threads:v 2"],
  },
  {
    name: "a quality word means the codec's own number",
    codec: "h265",
    output: { quality: "Maximum" },
    has: ["-crf:v 22"],
  },
  {
    name: "crf overrides the word",
    codec: "h264",
    output: { crf: 30, quality: "Maximum" },
    has: ["-crf:v 30"],
  },
  {
    name: "a cap brings its buffer",
    codec: "h264",
    output: { maxBitrateKbps: 900 },
    has: ["-crf:v 23", "-maxrate:v 900k", "-bufsize:v 1800k"],
  },
  {
    name: "a bitrate leaves crf out",
    codec: "h264",
    output: { bitrateKbps: 500 },
    has: ["-b:v 500k"],
    not: ["crf"],
  },
  {
    name: "keyframes at exact times",
    codec: "h264",
    output: { keyframeIntervalSeconds: 2 },
    has: ["-g:v 50", "-force_key_frames:v expr:gte(t,n_forced*2)"],
    not: ["sc_threshold"],
  },
  {
    name: "keyframes of a part are counted from its first frame, and stand where one run would put them",
    codec: "h264",
    output: { keyframeIntervalSeconds: 2 },
    more: { fps: 7.3, startSeconds: 2 },
    has: ["-force_key_frames:v expr:gte(t+2.0547945205479454,(n_forced+1)*2)"],
  },
  {
    name: "keyframes every ten seconds where no number of frames stands for so long",
    codec: "h264",
    output: {},
    more: { fps: null },
    has: ["-force_key_frames:v expr:gte(t,n_forced*10)"],
    not: ["-g:v"],
  },
  {
    name: "vp9 needs a bitrate of 0 beside a crf",
    codec: "vp9",
    output: {},
    has: ["-crf:v 31 -b:v 0", "-deadline:v good -cpu-used:v 3"],
  },
  {
    name: "vp9 takes its cap as the bitrate",
    codec: "vp9",
    output: { maxBitrateKbps: 900 },
    has: ["-b:v 900k"],
    not: ["maxrate"],
  },
  {
    name: "vp9's fastest presets are realtime",
    codec: "vp9",
    output: { preset: "ultrafast" },
    has: ["-deadline:v realtime -cpu-used:v 8"],
  },
  {
    name: "av1's presets are numbers and its threads its own",
    codec: "av1",
    output: { preset: "slow" },
    has: ["-preset:v 5", "-svtav1-params:v lp=2"],
  },
  {
    name: "prores by name",
    codec: "prores",
    output: { profile: "hq" },
    has: ["-profile:v 3", "-vendor:v apl0"],
    not: ["crf", "preset"],
  },
  {
    name: "prores of 4:4:4 is 4444",
    codec: "prores",
    output: {},
    more: { pixelFormat: "yuv444p10le" },
    has: ["-profile:v 4 "],
  },
  {
    name: "dnxhr of 10 bits is hqx",
    codec: "dnxhr",
    output: {},
    more: { pixelFormat: "yuv422p10le" },
    has: ["-profile:v dnxhr_hqx"],
  },
  {
    name: "av1's crf of 0 is told to the encoder itself",
    codec: "av1",
    output: { crf: 0 },
    has: ["-svtav1-params:v lp=2:crf=0"],
  },
  {
    name: "dnxhr by name",
    codec: "dnxhr",
    output: { profile: "hqx" },
    has: ["-c:v dnxhd", "-profile:v dnxhr_hqx"],
  },
  {
    name: "hevc in mp4 has the tag Apple knows",
    codec: "h265",
    output: { container: "mp4" },
    has: ["-tag:v hvc1"],
  },
  {
    name: "hevc's level and threads go to x265",
    codec: "h265",
    output: { level: "4.1" },
    has: ["pools=2", "level-idc=4.1"],
  },
] as const)("$name", ({ codec, output, has, ...rest }) => {
  const text = encode(codec, output, "more" in rest ? rest.more : {});
  for (const part of has) expect(text).toContain(part);
  for (const part of "not" in rest ? rest.not : []) expect(text).not.toContain(part);
});

test("vp9 in two passes is never realtime, which knows none", () => {
  expect(encode("vp9", { preset: "ultrafast" }, { rate: { bitrateKbps: 500, pass: 2 } })).toContain(
    "-deadline:v good -cpu-used:v 5",
  );
});

test.each([
  { name: "ten seconds of 59.94", seconds: 10, fps: 60_000 / 1001, frames: 600 },
  { name: "six seconds of 119.88", seconds: 6, fps: 120_000 / 1001, frames: 720 },
  { name: "a whole number of frames", seconds: 1.1, fps: 30, frames: 33 },
])("a group is never shorter than the way to the next keyframe: $name", ({ seconds, fps, frames }) => {
  expect(encode("h264", { keyframeIntervalSeconds: seconds }, { fps })).toContain(`-g:v ${frames} `);
});

test.each([
  { codec: "h264", fps: 5, group: " -g:v 50" },
  { codec: "vp9", fps: 12, group: " -g:v 120" },
  { codec: "vp9", fps: 24, group: undefined },
  { codec: "h265", fps: 25, group: undefined },
  { codec: "h264", fps: null, group: undefined },
] as const)("$codec of $fps frames a second has a keyframe every ten seconds by $group", (row) => {
  const text = encode(row.codec, {}, { fps: row.fps });
  if (row.group) expect(text).toContain(row.group);
  else expect(text).not.toContain("-g:v");
});

test("segments have no keyframe but at their start", () => {
  const text = encode("h264", { keyframeIntervalSeconds: 4 }, { closedInterval: true });
  expect(text).toContain("-sc_threshold:v 0");
  expect(text).toContain("-flags:v +cgop");
});

test("HDR10 carries its mastering display to x265 and SVT-AV1, each in its own units", () => {
  const mastering = {
    display: {
      red: [0.68, 0.32],
      green: [0.265, 0.69],
      blue: [0.15, 0.06],
      white: [0.3127, 0.329],
      minLuminance: 0.005,
      maxLuminance: 1000,
    },
    maxContentLight: 1000,
    maxAverageLight: 400,
  };
  expect(encode("h265", {}, { mastering, dynamicRange: "HDR10" })).toContain(
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400",
  );
  expect(encode("av1", {}, { mastering, dynamicRange: "HDR10" })).toContain(
    "mastering-display=G(0.2650,0.6900)B(0.1500,0.0600)R(0.6800,0.3200)WP(0.3127,0.3290)L(1000.0000,0.0050):content-light=1000,400",
  );
});

test.each([
  { codec: "h264", profile: undefined, hdr: false, expected: "yuv420p" },
  { codec: "h264", profile: "high10", hdr: false, expected: "yuv420p10le" },
  { codec: "h265", profile: undefined, hdr: true, expected: "yuv420p10le" },
  { codec: "prores", profile: undefined, hdr: false, expected: "yuv422p10le" },
  { codec: "prores", profile: "4444", hdr: false, expected: "yuv444p10le" },
  { codec: "prores", profile: "4444", hdr: false, alpha: true, expected: "yuva444p10le" },
  { codec: "prores", profile: "hq", hdr: false, alpha: true, expected: "yuv422p10le" },
  { codec: "dnxhr", profile: "sq", hdr: false, expected: "yuv422p" },
  { codec: "dnxhr", profile: "hqx", hdr: true, expected: "yuv422p10le" },
] as const)("$codec $profile has $expected", ({ codec, profile, hdr, expected, ...rest }) =>
  expect(defaultPixelFormat(codec, { profile, hdr, ...rest })).toBe(expected),
);

test("a size leaves what its sound and its container do not need", () => {
  const wish = { targetBytes: 1_000_000, seconds: 8, audioKbps: 128, packets: 575 };
  expect(bitrateForSize(wish)).toBe(862);
  expect(bitrateForSize({ ...wish, packets: 0 })).toBe(872);
  expect(bitrateForSize({ ...wish, targetBytes: 10_000, seconds: 60 })).toBe(0);
});
