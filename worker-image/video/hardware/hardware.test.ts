import { expect, test } from "vitest";
import { videoOutput } from "../../../crds/outputs/video.ts";
import { MediaFailure } from "../../probe/media-failure.ts";
import { defaultPixelFormat, rateControlOf } from "../encoders.ts";
import { hardwareArguments, quantizerOf, uploadFilters, whyInSoftware } from "./hardware.ts";
import { hardwareFailure } from "./hardware-check.ts";

const argumentsOf = (family: "nvenc" | "vaapi" | "qsv", wish: Record<string, unknown>) => {
  const output = videoOutput.parse(wish);
  const codec = output.codec as "h264" | "h265" | "av1";
  return hardwareArguments(family, {
    codec,
    output,
    rate: rateControlOf(output, codec),
    pixelFormat: output.pixelFormat ?? defaultPixelFormat(codec, { profile: output.profile, hdr: false }),
    threads: 2,
    fps: 25,
    dynamicRange: "SDR",
  }).join(" ");
};

test.each([
  {
    family: "nvenc",
    wish: {},
    expected:
      "-c:v h264_nvenc -pix_fmt:v yuv420p -preset:v p5 -tune:v hq -profile:v high -rc:v vbr -cq:v 22 -b:v 0",
  },
  {
    family: "nvenc",
    wish: {
      codec: "h265",
      pixelFormat: "yuv420p10le",
      bitrateKbps: 3000,
      maxBitrateKbps: 4000,
      preset: "veryfast",
    },
    expected:
      "-c:v hevc_nvenc -pix_fmt:v p010le -preset:v p2 -tune:v hq -profile:v main10 -rc:v vbr -b:v 3000k -maxrate:v 4000k -bufsize:v 8000k -tag:v hvc1",
  },
  {
    family: "nvenc",
    wish: { codec: "av1", keyframeIntervalSeconds: 2 },
    expected:
      "-c:v av1_nvenc -pix_fmt:v yuv420p -preset:v p5 -tune:v hq -rc:v vbr -cq:v 32 -b:v 0 -g:v 50 -force_key_frames:v expr:gte(t,n_forced*2) -forced-idr:v 1",
  },
  {
    family: "vaapi",
    wish: { profile: "baseline", level: "3.1", preset: "ultrafast" },
    expected:
      "-c:v h264_vaapi -compression_level:v 7 -profile:v constrained_baseline -level:v 3.1 -rc_mode:v CQP -qp:v 22",
  },
  {
    family: "vaapi",
    wish: { level: "4.0" },
    expected: "-c:v h264_vaapi -compression_level:v 4 -profile:v high -level:v 4 -rc_mode:v CQP -qp:v 22",
  },
  {
    family: "qsv",
    wish: { level: "4.1" },
    expected:
      "-c:v h264_qsv -pix_fmt:v nv12 -preset:v medium -profile:v high -level:v 41 -global_quality:v 22",
  },
  {
    family: "vaapi",
    wish: { crf: 30, maxBitrateKbps: 2000 },
    expected:
      "-c:v h264_vaapi -compression_level:v 4 -profile:v high -rc_mode:v QVBR -global_quality:v 29 -b:v 2000k -maxrate:v 2000k -bufsize:v 4000k",
  },
  {
    family: "vaapi",
    wish: { codec: "h265", container: "mkv", bitrateKbps: 1500 },
    expected: "-c:v hevc_vaapi -compression_level:v 4 -profile:v main -rc_mode:v VBR -b:v 1500k",
  },
  {
    family: "qsv",
    wish: { preset: "superfast", crf: 20 },
    expected: "-c:v h264_qsv -pix_fmt:v nv12 -preset:v veryfast -profile:v high -global_quality:v 19",
  },
  {
    family: "qsv",
    wish: { codec: "av1", crf: 35 },
    expected: "-c:v av1_qsv -pix_fmt:v nv12 -preset:v medium -global_quality:v 26",
  },
  {
    family: "qsv",
    wish: { crf: 30, maxBitrateKbps: 2000 },
    expected:
      "-c:v h264_qsv -pix_fmt:v nv12 -preset:v medium -profile:v high -global_quality:v 29 -b:v 1999k -maxrate:v 2000k -bufsize:v 4000k",
  },
  {
    family: "qsv",
    wish: { codec: "h265", bitrateKbps: 3000 },
    expected:
      "-c:v hevc_qsv -pix_fmt:v nv12 -preset:v medium -profile:v main -b:v 3000k -maxrate:v 6000k -tag:v hvc1",
  },
  {
    family: "qsv",
    wish: { bitrateKbps: 3000, maxBitrateKbps: 4000, bufferKbits: 6000 },
    expected:
      "-c:v h264_qsv -pix_fmt:v nv12 -preset:v medium -profile:v high -b:v 3000k -maxrate:v 4000k -bufsize:v 6000k",
  },
] as const)("$family $wish", ({ family, wish, expected }) =>
  expect(argumentsOf(family, wish)).toBe(expected),
);

test.each([
  { codec: "h264", crf: 0, nvenc: 1, vaapi: 1, qsv: 1 },
  { codec: "h264", crf: 51, nvenc: 50, vaapi: 50, qsv: 50 },
  { codec: "h265", crf: 28, nvenc: 25, vaapi: 25, qsv: 25 },
  { codec: "av1", crf: 63, nvenc: 51, vaapi: 240, qsv: 49 },
  { codec: "av1", crf: 35, nvenc: 32, vaapi: 128, qsv: 26 },
  { codec: "av1", crf: 0, nvenc: 1, vaapi: 4, qsv: 1 },
] as const)("crf $crf of $codec stays on each family's scale", ({ codec, crf, ...expected }) => {
  const found = (["nvenc", "vaapi", "qsv"] as const).map((family) => [
    family,
    quantizerOf(family, codec, crf),
  ]);
  expect(Object.fromEntries(found)).toEqual(expected);
});

test.each([
  { name: "a plain rendition needs no software", wish: {}, pixelFormat: "yuv420p", expected: undefined },
  {
    name: "10 bits of h265 neither",
    wish: { codec: "h265" },
    pixelFormat: "yuv420p10le",
    expected: undefined,
  },
  {
    name: "vp9 does",
    wish: { codec: "vp9", container: "webm" },
    pixelFormat: "yuv420p",
    expected: "nvenc has no encoder for vp9",
  },
  {
    name: "ProRes does",
    wish: { codec: "prores", container: "mov" },
    pixelFormat: "yuv422p10le",
    expected: "nvenc has no encoder for prores",
  },
  {
    name: "10 bits of h264 do",
    wish: {},
    pixelFormat: "yuv420p10le",
    expected: "nvenc encodes h264 with 8 bits only",
  },
  { name: "4:4:4 does", wish: {}, pixelFormat: "yuv444p", expected: "nvenc takes no yuv444p" },
  {
    name: "a target size does",
    wish: { targetBytes: 1_000_000 },
    pixelFormat: "yuv420p",
    expected: "nvenc has no second pass over a whole file",
  },
])("$name", ({ wish, pixelFormat, expected }) => {
  expect(whyInSoftware("nvenc", videoOutput.parse(wish), { pixelFormat })).toBe(expected);
});

test("only VA-API has its pictures uploaded by a filter", () => {
  expect(uploadFilters("vaapi", "yuv420p10le")).toEqual(["format=p010le", "hwupload"]);
  expect(uploadFilters("nvenc", "yuv420p")).toEqual([]);
});

test.each([
  { reason: "EngineFailed", expected: "HardwareUnavailable" },
  { reason: "EncoderMissing", expected: "HardwareUnavailable" },
  { reason: "DiskFull", expected: "DiskFull" },
  { reason: "SourceCorrupt", expected: "SourceCorrupt" },
] as const)("$reason while hardware encodes is $expected", ({ reason, expected }) => {
  expect(hardwareFailure("qsv", new MediaFailure(reason, "it broke"))).toMatchObject({ reason: expected });
});

test.each([
  { name: "fields", wish: { keepsFields: true }, expected: "nvenc encodes no fields" },
  { name: "parts", wish: { inParts: true }, expected: "parts of a long video are encoded in software" },
])("$name are left to software", ({ wish, expected }) => {
  const why = whyInSoftware("nvenc", videoOutput.parse({}), { pixelFormat: "yuv420p", ...wish });
  expect(why).toContain(expected);
});
