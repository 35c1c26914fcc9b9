import { expect, test } from "vitest";
import { describeMedia } from "./describe-media.ts";
import { ffprobeJson } from "./ffprobe.ts";
import { bitDepthOf } from "./pixel-format.ts";

type Raw = Record<string, unknown>;
const describe = ({
  video = {},
  streams = [],
  format = {},
  ...rest
}: {
  video?: Raw;
  streams?: Raw[];
  format?: Raw;
  frames?: Raw[];
  chapters?: Raw[];
}) =>
  describeMedia(
    ffprobeJson.parse({
      streams: [
        {
          index: 0,
          codec_type: "video",
          codec_name: "h264",
          width: 1920,
          height: 1080,
          pix_fmt: "yuv420p",
          ...video,
        },
        ...streams,
      ],
      format: { format_name: "mov,mp4,m4a,3gp,3g2,mj2", duration: "10.000000", ...format },
      ...rest,
    }),
    1000,
  );
const picture = (video: Raw, frames: Raw[] = []) =>
  describe({ video, frames: frames.map((frame) => ({ stream_index: 0, ...frame })) }).video[0];

test.each([
  {
    name: "a phone's portrait is upright",
    rotation: -90,
    expected: { rotation: 90, width: 1080, height: 1920 },
  },
  {
    name: "upside down keeps its sides",
    rotation: 180,
    expected: { rotation: 180, width: 1920, height: 1080 },
  },
  { name: "the other way round", rotation: 90, expected: { rotation: 270, width: 1080, height: 1920 } },
  { name: "a matrix without a turn", rotation: 0, expected: { rotation: 0, width: 1920, height: 1080 } },
])("$name", ({ rotation, expected }) =>
  expect(picture({ side_data_list: [{ side_data_type: "Display Matrix", rotation }] })).toMatchObject(
    expected,
  ),
);

test.each([
  { name: "PAL 16:9 is shown wider than stored", width: 720, height: 576, sar: "64:45", shown: [1024, 576] },
  { name: "narrow pixels are shown taller", width: 720, height: 480, sar: "8:9", shown: [720, 540] },
  { name: "an unknown aspect counts as square", width: 640, height: 480, sar: "0:1", shown: [640, 480] },
])("$name", ({ width, height, sar, shown }) => {
  const found = picture({ width, height, sample_aspect_ratio: sar });
  expect([found?.width, found?.height]).toEqual(shown);
});

test.each([
  {
    name: "the container's word for fields",
    video: { field_order: "tt" },
    frames: [],
    expected: "TopFieldFirst",
  },
  {
    name: "the first frame knows better than the container",
    video: { field_order: "unknown" },
    frames: [{ interlaced_frame: 1, top_field_first: 0 }],
    expected: "BottomFieldFirst",
  },
  {
    name: "a frame that is whole makes it progressive",
    video: {},
    frames: [{ interlaced_frame: 0 }],
    expected: "Progressive",
  },
  { name: "unknown stays unknown", video: { field_order: "unknown" }, frames: [], expected: null },
])("$name", ({ video, frames, expected }) => expect(picture(video, frames)?.fieldOrder).toBe(expected));

test.each([
  { transfer: "smpte2084", expected: "HDR10" },
  { transfer: "arib-std-b67", expected: "HLG" },
  { transfer: "bt709", expected: "SDR" },
])("transfer $transfer is $expected", ({ transfer, expected }) =>
  expect(picture({ color_transfer: transfer })?.dynamicRange).toBe(expected),
);

test("a cover picture is no video", () => {
  const record = describe({ video: { codec_name: "mjpeg", disposition: { attached_pic: 1 } } });
  expect(record.video).toEqual([]);
  expect(record.coverArt).toHaveLength(1);
});

test("attached files are told from data, and the tags that tell a place are named", () => {
  const record = describe({
    streams: [
      { index: 1, codec_type: "data", tags: { "LOCATION-ger": "x", title: "x" } },
      { index: 2, codec_type: "attachment", codec_name: "ttf" },
    ],
    format: { tags: { "com.apple.quicktime.location.ISO6709": "x", location: "x" } },
  });
  expect(record).toMatchObject({ data: [{ index: 1 }], attachments: [{ index: 2, codec: "ttf" }] });
  expect(record.placeTags).toEqual(["com.apple.quicktime.location.iso6709", "location", "location-ger"]);
});

test("a timecode with a semicolon drops frames", () => {
  const record = describe({
    streams: [{ index: 1, codec_type: "data", tags: { timecode: "01:00:00;00", reel_name: "A001" } }],
  });
  expect(record).toMatchObject({ timecode: "01:00:00;00", dropFrame: true, reelName: "A001" });
});

test.each([
  {
    name: "an MP4 that begins at 10 s",
    video: { start_time: "10", duration: "10" },
    format: { start_time: "10", duration: "20" },
    lengths: [10, 10],
  },
  {
    name: "Matroska of ffmpeg that begins at 10 s",
    video: { start_time: "10", tags: { DURATION: "00:00:20.000" } },
    format: { start_time: "10", duration: "20", tags: { ENCODER: "Lavf59" }, format_name: "matroska,webm" },
    lengths: [10, 10],
  },
  {
    name: "Matroska of mkvmerge that begins at 10 s",
    video: { start_time: "10", tags: { DURATION: "00:00:10.000" } },
    format: {
      start_time: "10",
      duration: "10",
      tags: { ENCODER: "libebml v1.4" },
      format_name: "matroska,webm",
    },
    lengths: [10, 10],
  },
  {
    name: "a transport stream that begins at 10 s",
    video: { start_time: "10", duration: "10" },
    format: { start_time: "10", duration: "10", format_name: "mpegts" },
    lengths: [10, 10],
  },
  {
    name: "an MP4 whose first frame waits for others, without a list of edits",
    video: { start_time: "0.08", duration: "10" },
    format: { start_time: "0.08", duration: "10" },
    lengths: [10, 10],
  },
  {
    name: "pictures that begin late",
    video: { start_time: "5", tags: { DURATION: "00:00:15.000" } },
    format: { start_time: "0", duration: "15", tags: { ENCODER: "Lavf59" }, format_name: "matroska,webm" },
    lengths: [15, 10],
  },
])("how long $name is", ({ video, format, lengths }) => {
  const record = describe({ video, format });
  expect([record.durationSeconds, record.video[0]?.durationSeconds]).toEqual(lengths);
});

test("Matroska's duration of a stream is read from its tag", () => {
  expect(picture({ tags: { DURATION: "00:01:02.500000000" } })?.durationSeconds).toBe(62.5);
});

const MATROSKA = { format_name: "matroska,webm", start_time: "5.0", duration: "17.0" };
const subtitle = { index: 2, codec_type: "subtitle", duration: "25.0" };
const audio = { index: 1, codec_type: "audio", start_time: "0", duration: "12.0" };
test.each([
  {
    name: "a text that ends after the pictures",
    of: { video: { start_time: "0.5", duration: "11.9" }, streams: [audio, subtitle] },
    expected: 12.4,
  },
  {
    name: "a text beside pictures that do not tell how long they are",
    of: { streams: [audio, subtitle] },
    expected: 25,
  },
  {
    name: "Matroska by ffmpeg, whose end is told",
    of: { format: { ...MATROSKA, tags: { ENCODER: "Lavf59.27.100" } } },
    expected: 12,
  },
  {
    name: "Matroska by others, whose length is told",
    of: { format: { ...MATROSKA, tags: { ENCODER: "libebml v1.4.4 + libmatroska v1.7.1" } } },
    expected: 17,
  },
])("$name: the file lasts $expected s", ({ of, expected }) => {
  const format = { duration: "25.0", ...("format" in of ? of.format : {}) };
  expect(describe({ ...of, format }).durationSeconds).toBeCloseTo(expected);
});

test("a stream of Matroska by ffmpeg that begins late is as long as what is left until its end", () => {
  const video = { start_time: "5.0", tags: { DURATION: "00:00:17.000000000" } };
  const format = { ...MATROSKA, tags: { ENCODER: "Lavf59.27.100" } };
  expect(describe({ video, format }).video[0]?.durationSeconds).toBe(12);
});

test("Matroska's bitrate of a sound is read from its tag", () => {
  const sound = { index: 1, codec_type: "audio" };
  const record = describe({ streams: [{ ...sound, tags: { BPS: "192000" } }, sound] });
  expect(record.audio.map(({ bitrate }) => bitrate)).toEqual([192_000, null]);
});

test.each([
  { language: "eng", expected: "eng" },
  { language: "pt-BR", expected: "pt-BR" },
  { language: "zh-Hant-TW", expected: "zh-Hant-TW" },
  { language: "und", expected: null },
  { language: "english", expected: null },
  { language: "/../../../evil", expected: null },
  { language: 'e"/><x>', expected: null },
  { language: "en\n", expected: null },
  { language: `en${"-abcdefgh".repeat(4)}`, expected: null },
])("the language $language of a track is $expected", ({ language, expected }) => {
  const tracks = ["video", "audio", "subtitle"].map((codec_type, index) => ({ index, codec_type }));
  const record = describe({ streams: tracks.map((track) => ({ ...track, tags: { language } })) });
  const found = [record.video[1], record.audio[0], record.subtitles[0]].map((track) => track?.language);
  expect(found).toEqual([expected, expected, expected]);
});

test.each([
  { name: "VP9 in WebM", video: { codec_name: "vp9", tags: { alpha_mode: "1" } }, expected: "yuva420p" },
  { name: "VP8 in Matroska", video: { codec_name: "vp8", tags: { ALPHA_MODE: "1" } }, expected: "yuva420p" },
  { name: "VP9 without alpha", video: { codec_name: "vp9", tags: { alpha_mode: "0" } }, expected: "yuv420p" },
  {
    name: "a codec that has none",
    video: { codec_name: "h264", tags: { alpha_mode: "1" } },
    expected: "yuv420p",
  },
])("the alpha of $name is read from its tag: $expected", ({ video, expected }) =>
  expect(picture(video)?.pixelFormat).toBe(expected),
);

test("what ffprobe does not know is null", () => {
  const record = describe({
    video: { avg_frame_rate: "0/0", bit_rate: "N/A", nb_frames: "0" },
    format: { duration: "N/A" },
  });
  expect(record.durationSeconds).toBeNull();
  expect(record.video[0]).toMatchObject({ frameRate: null, bitrate: null, frames: null, language: null });
});

test.each([
  ["yuv420p", 8],
  ["yuvj420p", 8],
  ["yuv422p10le", 10],
  ["yuva444p12le", 12],
  ["p010le", 10],
  ["gray16be", 16],
  ["gbrp14le", 14],
  ["rgb48le", 16],
  ["nv12", 8],
  ["yuv410p", 8],
])("%s has %i bits", (pixelFormat, bits) => expect(bitDepthOf(pixelFormat)).toBe(bits));

test("Matroska's tags, whose names are in capitals, are read as those of other containers", () => {
  const tags = {
    TIMECODE: "10:00:00;02",
    REEL_NAME: "A001",
    LANGUAGE: "eng",
    DURATION: "00:00:09.500000000",
  };
  const record = describe({ video: { tags }, format: { duration: undefined, tags: { ENCODER: "Lavf59" } } });
  expect(record).toMatchObject({
    timecode: "10:00:00;02",
    dropFrame: true,
    reelName: "A001",
    durationSeconds: 9.5,
    encoder: "Lavf59",
  });
});
