import { expect, test } from "vitest";
import { videoOutput } from "../../crds/outputs/video.ts";
import { plan, type Raw, SOUND, source } from "../../test/builders/video.ts";
import { planRendition } from "./rendition.ts";

test.each([
  {
    name: "no video at all",
    record: source({ video: { codec_type: "data" } }),
    message: /sound but no video/,
  },
  {
    name: "a cover picture only",
    record: source({ video: { disposition: { attached_pic: 1 } } }),
    message: /cover picture/,
  },
  { name: "a stream without a size", record: source({ video: { width: 0, height: 0 } }), message: /video/ },
])("$name is refused", ({ record, message }) => {
  expect(() => plan({}, record)).toThrow(
    expect.objectContaining({ reason: "NoVideoStream", message: expect.stringMatching(message) }),
  );
});

test.each([
  { name: "cuts beyond the end", output: { cuts: [{ startSeconds: 61 }] }, message: /beyond the end/ },
  {
    name: "a cut without a frame",
    output: { cuts: [{ startSeconds: 1.01, endSeconds: 1.03 }] },
    message: /between two frames of the source, which has 25 a second/,
  },
  {
    name: "a picture smaller than the codec has",
    output: { codec: "dnxhr", container: "mov", height: 108 },
    message: /would be 192×108, and dnxhr has no picture below 256×120; ask for another size/,
  },
  {
    name: "a picture larger than the codec has",
    output: { codec: "av1" },
    record: source({ video: { sample_aspect_ratio: "1:9" } }),
    message: /would be 1920×9720, and av1 has no picture above 16384×8704; ask for another size or codec/,
  },
  {
    name: "a level without room for the picture",
    output: { level: "3.0" },
    message: /level 3.0 of h264 has no room for pictures of 1920×1080: take 4.0 or leave it out/,
  },
  {
    name: "a level of h265 without room for it",
    output: { codec: "h265", level: "1.0", height: 720 },
    message: /level 1.0 of h265 has no room for pictures of 1280×720: take 3.1/,
  },
  {
    name: "a strip that is enlarged beyond all measure",
    output: { crop: { width: 1920, height: 48 }, height: 1000, enlarge: true },
    message: /1920×48 would be enlarged to 40000×1000, and a side may have 8192 pixels/,
  },
  {
    name: "a crop beyond the picture",
    output: { crop: { width: 1920, height: 1081 } },
    message: /1920×1081 at 0,0/,
  },
  {
    name: "a size too small for its sound",
    output: { targetBytes: 10_000 },
    message: /targetBytes 10000 leaves/,
  },
])("$name is an invalid output", ({ output, message, record }) => {
  expect(() => plan(output, record)).toThrow(
    expect.objectContaining({ reason: "InvalidOutputSpec", message: expect.stringMatching(message) }),
  );
});

test("a cut without a frame, and one beyond the end, are left out with a warning", () => {
  const cuts = [
    { startSeconds: 1.01, endSeconds: 1.03 },
    { startSeconds: 2, endSeconds: 3 },
    { startSeconds: 70 },
  ];
  const { spans, expectedSeconds, warnings } = plan({ cuts });
  expect(spans).toEqual([{ startSeconds: 2, endSeconds: 3 }]);
  expect(expectedSeconds).toBe(1);
  expect(warnings).toEqual([
    {
      reason: "CutsLeftOut",
      message: "2 of 3 cuts hold nothing of the source, which lasts 60 s: they are left out",
    },
  ]);
});

test("new frames of HDR that is kept are refused, of ten bits they are warned of", () => {
  const deep = { pix_fmt: "yuv420p10le" };
  const interpolate = { interpolate: { fps: 50 } };
  expect(() =>
    plan(
      { ...interpolate, codec: "h265", dynamicRange: "Source" },
      source({ video: { ...deep, color_transfer: "smpte2084" } }),
    ),
  ).toThrow(
    expect.objectContaining({
      reason: "InvalidOutputSpec",
      message: expect.stringContaining("set dynamicRange SDR or"),
    }),
  );
  const reasons = (output: Raw) =>
    plan({ ...interpolate, ...output }, source({ video: deep })).warnings.map(({ reason }) => reason);
  expect(reasons({ codec: "prores", container: "mov" })).toEqual(["InterpolatedIn8Bits"]);
  expect(reasons({})).toEqual([]);
});

test.each([
  { name: "4:4:4 of 10 bits", output: { profile: "4444" }, expected: ["WatermarkedIn8Bits"] },
  { name: "4:2:2 of 10 bits", output: {}, expected: [] },
])("a watermark on $name: what it leaves of them is told", ({ output, expected }) => {
  const wish = { codec: "prores", container: "mov", watermark: { path: "logo.png" }, ...output };
  expect(plan(wish).warnings.map(({ reason }) => reason)).toEqual(expected);
});

test("Dolby Vision without another layer is refused, but may be copied", () => {
  const record = source({
    video: { side_data_list: [{ side_data_type: "DOVI configuration record", dv_profile: 5 }] },
  });
  expect(() => plan({}, record)).toThrow(
    expect.objectContaining({ reason: "UnsupportedFormat", message: expect.stringContaining("profile 5") }),
  );
  expect(plan({ codec: "copy" }, record).pixelFormat).toBe("yuv420p");
});

test.each([
  { name: "mp4 gets aac", output: {}, expected: "aac" },
  { name: "webm gets opus", output: { container: "webm", codec: "vp9" }, expected: "opus" },
  { name: "an editing codec gets pcm", output: { container: "mov", codec: "prores" }, expected: "pcm" },
  { name: "copy copies", output: { codec: "copy" }, expected: "copy" },
  { name: "what is asked for wins", output: { audio: { codec: "mp3" } }, expected: "mp3" },
])("$name", ({ output, expected }) => expect(plan(output).soundCodec).toBe(expected));

const track = (index: number, language: string, isDefault = 0) => ({
  ...SOUND,
  index,
  tags: { language },
  disposition: { default: isDefault },
});
const THREE_TRACKS = source({ streams: [track(1, "eng"), track(2, "ger", 1), track(3, "fra")] });

test.each([
  { name: "the default track is the first", audio: {}, expected: [2], warned: 0 },
  { name: "all of them", audio: { tracks: "All" }, expected: [1, 2, 3], warned: 0 },
  {
    name: "by language, in the order asked, whatever the code's kind",
    audio: { languages: ["fra", "deu"] },
    expected: [3, 2],
    warned: 0,
  },
  {
    name: "a language that is not there is warned of",
    audio: { languages: ["eng", "jpn"] },
    expected: [1],
    warned: 1,
  },
])("$name", ({ audio, expected, warned }) => {
  const rendition = plan({ audio }, THREE_TRACKS);
  expect(rendition.tracks.map(({ index }) => index)).toEqual(expected);
  expect(rendition.warnings).toHaveLength(warned);
});

test("a size becomes a bitrate beside the sound", () => {
  expect(plan({ targetBytes: 10_000_000 }).rate).toEqual({
    bitrateKbps: Math.floor(((1e7 - 60 * (25 + 50) * 16) * 8) / 1000 / 60 - 128),
  });
});

test("sound that is copied takes its bitrate from a size", () => {
  const output = { targetBytes: 10_000_000, audio: { codec: "copy" } };
  const told = source({ streams: [{ ...SOUND, bit_rate: "640000" }] });
  expect(plan(output, told).rate).toEqual({
    bitrateKbps: Math.floor(((1e7 - 60 * (25 + 50) * 16) * 8) / 1000 / 60 - 640),
  });
});

const PQ = { color_transfer: "smpte2084", color_space: "bt2020nc", pix_fmt: "yuv420p10le" };
const DOLBY = { side_data_list: [{ side_data_type: "DOVI configuration record", dv_profile: 5 }] };
test.each([
  { name: "SDR after HDR that is kept", first: PQ, second: {}, message: /source is HDR10 and .* SDR,/ },
  { name: "HDR that is kept after SDR", first: {}, second: PQ, message: /source is SDR and .* HDR10,/ },
  { name: "Dolby Vision without a layer", first: {}, second: DOLBY, message: /an appended file is Dolby/ },
])("$name cannot be joined", ({ first, second, message }) => {
  const join = (dynamicRange: string) =>
    planRendition(
      source({ video: first }),
      videoOutput.parse({ codec: "h265", dynamicRange, append: ["in/b.mp4"] }),
      { companions: { appended: [{ path: "/in/b.mp4", record: source({ video: second }) }] } },
    );
  expect(() => join("Source")).toThrow(message);
  if (second !== DOLBY) expect(join("SDR").appended).toHaveLength(1);
});

test.each([{ append: ["in/b.mp4"] }, { appendSources: ["b"] }])("what %j joins has one rate", (output) => {
  const companions = { appended: [{ path: "/in/b.mp4", record: source() }] };
  const { work } = planRendition(source(), videoOutput.parse(output), { companions });
  expect(work.fps).toEqual({ num: 25, den: 1 });
});

test.each([
  { name: "a varying rate", video: { avg_frame_rate: "24/1" }, timecode: "10:00:00:00", why: /varying one/ },
  {
    name: "another rate than its own",
    video: {},
    timecode: "10:00:00:29",
    why: /a second of the source has not/,
  },
])("the timecode of $name is left out with a warning", ({ video, timecode, why }) => {
  const rendition = plan({}, source({ video, format: { tags: { timecode } } }));
  expect(rendition.timecode).toBeNull();
  expect(rendition.warnings).toMatchObject([
    { reason: "TimecodeLeftOut", message: expect.stringMatching(why) },
  ]);
});

test("a timecode that drops frames where there are none to drop counts them all, and is kept", () => {
  expect(plan({}, source({ format: { tags: { timecode: "10:00:00;00" } } })).timecode).toBe("10:00:00:00");
});

test("a timecode with frames that the source's rate has not cannot be drawn", () => {
  const record = source({ format: { tags: { timecode: "10:00:00:40" } } });
  expect(() => plan({ burnIn: { timecode: {} } }, record)).toThrow(
    expect.objectContaining({
      reason: "InvalidOutputSpec",
      message: expect.stringContaining("leave burnIn.timecode out"),
    }),
  );
});
