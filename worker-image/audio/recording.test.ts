import { expect, test } from "vitest";
import { audioOutput } from "../../crds/outputs/audio.ts";
import { describeMedia } from "../probe/describe-media.ts";
import { ffprobeJson } from "../probe/ffprobe.ts";
import { planRecording, recordingArguments } from "./recording.ts";

type Raw = Record<string, unknown>;
const track = (index: number, more: Raw = {}) => ({
  index,
  codec_type: "audio",
  codec_name: "aac",
  channels: 2,
  channel_layout: "stereo",
  sample_rate: "48000",
  ...more,
});
const source = (...streams: Raw[]) => inContainer("mov", streams);
const inContainer = (format_name: string, streams: Raw[]) =>
  describeMedia(ffprobeJson.parse({ streams, format: { format_name, duration: "60" } }), 1e6);

const list = (output: Raw, record = source(track(0))) =>
  recordingArguments(planRecording(record, audioOutput.parse(output)), {
    sourcePath: "/in/a.mp4",
    targetPath: "/out/a",
    threads: 1,
  }).join(" ");

test.each([
  {
    name: "aac lands in an .m4a that starts fast",
    output: {},
    has: ["-c:a:0 aac -b:a:0 128k", "-movflags +faststart -f ipod"],
  },
  {
    name: "opus has one rate",
    output: { codec: "opus", sampleRateHz: 44_100 },
    has: ["-c:a:0 libopus -b:a:0 96k", "aresample=48000", "-f opus"],
  },
  {
    name: "mp3 has two channels at most",
    output: { codec: "mp3" },
    streams: [track(0, { channels: 6, channel_layout: "5.1" })],
    has: ["aformat=channel_layouts=stereo", "-b:a:0 192k"],
  },
  {
    name: "wav keeps 24 bits",
    output: { codec: "wav" },
    streams: [track(0, { sample_fmt: "s32" })],
    has: ["-c:a:0 pcm_s24le", "-rf64 auto"],
  },
  {
    name: "wav keeps of floating samples what 24 bits hold",
    output: { codec: "wav" },
    streams: [track(0, { codec_name: "pcm_f32le", sample_fmt: "flt" })],
    has: ["-c:a:0 pcm_s24le"],
  },
  {
    name: "wav of a lossy codec has 16 bits",
    output: { codec: "wav" },
    streams: [track(0, { sample_fmt: "fltp" })],
    has: ["-c:a:0 pcm_s16le"],
  },
  {
    name: "the language's track is taken",
    output: { language: "deu" },
    streams: [track(0, { tags: { language: "eng" } }), track(1, { tags: { language: "ger" } })],
    has: ["[0:1]", "language=ger"],
  },
  {
    name: "a decoder begins before a cut, and what it makes of that is dropped",
    output: { cuts: [{ startSeconds: 5, endSeconds: 6.5 }] },
    has: ["-ss 4 -itsoffset -1 -t 1.5"],
  },
  {
    name: "at the start there is nothing before a cut",
    output: { cuts: [{ startSeconds: 0, endSeconds: 1 }] },
    has: ["-ss 0 -t 1 "],
  },
  {
    name: "cuts are joined",
    output: { cuts: [{ startSeconds: 1, endSeconds: 2 }, { startSeconds: 50 }] },
    has: ["concat=n=2:v=0:a=1", "-map_chapters -1"],
  },
  {
    name: "the place of recording is left out",
    output: {},
    streams: [track(0, { tags: { "location-eng": "+48.8584+002.2945/" } })],
    has: ["-metadata compatible_brands=", "-metadata location-eng=", "-metadata:s location-eng="],
  },
  {
    name: "title and artist of Ogg, which are on its streams, are the file's",
    output: { codec: "mp3" },
    container: "ogg",
    streams: [track(1, { tags: { title: "A title", location: "+48.8584+002.2945/" } })],
    has: ["-map_metadata 0 -map_metadata:g 0:s:1 ", "-metadata location="],
  },
])("$name", ({ output, has, container = "mov", ...rest }) => {
  const streams = "streams" in rest && rest.streams ? rest.streams : [track(0)];
  const text = list(output, inContainer(container, streams));
  for (const part of has) expect(text).toContain(part);
});

test.each([
  {
    name: "no sound at all",
    streams: [{ index: 0, codec_type: "video", codec_name: "h264" }],
    message: "has no audio track",
  },
  {
    name: "no such language",
    streams: [track(0, { tags: { language: "eng" } })],
    message: "no audio track in 'deu'; it has: eng",
  },
])("$name is refused", ({ streams, message }) => {
  expect(() => list({ language: "deu" }, source(...streams))).toThrow(
    expect.objectContaining({ reason: "NoAudioStream", message: expect.stringContaining(message) }),
  );
});
