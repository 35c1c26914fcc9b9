import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { output } from "../../../crds/outputs/output.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg } from "./clips.ts";
import { VideoWorkshop } from "./video-workshop.ts";
import { type Attempt, sourceName } from "./worker-attempt.ts";

/** What is read as a video, and what is not, with the reason. */

const fast = { preset: "ultrafast" };

let workshop: VideoWorkshop;
let plain: string;
beforeAll(() => {
  workshop = new VideoWorkshop();
  plain = clip(join(workshop.sources, "plain.mp4"), { size: "160x90", more: ["-movflags", "+faststart"] });
});
afterAll(() => workshop.remove());

const at = (name: string) => join(workshop.sources, name);
const bytesOf = (name: string) => readFileSync(at(name));
const from = (file: string, ...list: string[]) => ffmpeg("-i", plain, ...list, at(file));
const playlist = () => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${plain}\n#EXT-X-ENDLIST\n`;

/** The boxes of a picture, of which the one that describes it is empty. */
const pictureOf = (brand: string) =>
  Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0${brand}mif1\0\0\0\x0cmeta\0\0\0\0`, "latin1");

const UNUSABLE: { name: string; file: string; make: (file: string) => unknown; reason: string }[] = [
  { name: "missing", file: "absent.mp4", make: () => {}, reason: "SourceNotFound" },
  { name: "empty", file: "empty.mp4", make: (file) => workshop.write(file, ""), reason: "SourceEmpty" },
  {
    name: "text",
    file: "text.mp4",
    make: (file) => workshop.write(file, "no video\n".repeat(50)),
    reason: "UnsupportedFormat",
  },
  {
    name: "zeros",
    file: "zeros.mp4",
    make: (file) => workshop.write(file, Buffer.alloc(50_000)),
    reason: "UnsupportedFormat",
  },
  {
    name: "cut in the middle of the media",
    file: "cut.mp4",
    make: (file) => workshop.write(file, bytesOf("plain.mp4").subarray(0, bytesOf("plain.mp4").length / 2)),
    reason: "SourceTruncated",
  },
  {
    name: "cut before its index",
    file: "late.mp4",
    make: (file) => {
      from(file, "-c", "copy");
      writeFileSync(at(file), bytesOf(file).subarray(0, 10_000));
    },
    reason: "SourceTruncated",
  },
  {
    name: "a Matroska file cut in the middle",
    file: "cut.mkv",
    make: (file) => {
      from(file, "-c", "copy");
      writeFileSync(at(file), bytesOf(file).subarray(0, bytesOf(file).length / 2));
    },
    reason: "SourceTruncated",
  },
  { name: "sound only", file: "sound.mp3", make: (file) => from(file, "-vn"), reason: "NoVideoStream" },
  {
    name: "sound with a cover picture",
    file: "cover.mp3",
    make: (file) => {
      const cover = join(workshop.root, "cover.jpg");
      ffmpeg("-i", plain, "-frames:v", "1", cover);
      const tracks = ["-map", "0:a", "-map", "1", "-c:a", "libmp3lame", "-disposition:v", "attached_pic"];
      ffmpeg("-i", plain, "-i", cover, ...tracks, at(file));
    },
    reason: "NoVideoStream",
  },
  {
    name: "a still picture",
    file: "still.png",
    make: (file) => from(file, "-frames:v", "1"),
    reason: "UnsupportedFormat",
  },
  ...["avif", "heic"].map((brand) => ({
    name: `a still picture of the MP4 family, ${brand}`,
    file: `still.${brand}`,
    make: (file: string) => workshop.write(file, pictureOf(brand)),
    reason: "UnsupportedFormat",
  })),
  {
    name: "an HLS playlist named .mp4",
    file: "hls.mp4",
    make: (file) => workshop.write(file, playlist()),
    reason: "UnsupportedFormat",
  },
  {
    name: "an ffconcat list named .mp4",
    file: "concat.mp4",
    make: (file) => workshop.write(file, `ffconcat version 1.0\nfile ${plain}\n`),
    reason: "UnsupportedFormat",
  },
  {
    name: "a DASH manifest named .mp4",
    file: "dash.mp4",
    make: (file) =>
      workshop.write(
        file,
        `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation><BaseURL>${plain}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
      ),
    reason: "UnsupportedFormat",
  },
  {
    name: "an SDP text",
    file: "sdp.mp4",
    make: (file) =>
      workshop.write(file, "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"),
    reason: "UnsupportedFormat",
  },
  {
    name: "frames above the limit, before they are decoded",
    file: "huge.mp4",
    make: (file) => {
      const picture = ["-f", "lavfi", "-i", "color=s=9000x9000:d=0.1:r=10"];
      ffmpeg(...picture, ...["-c:v", "libx264", "-preset", "ultrafast"], at(file));
    },
    reason: "SourceTooLarge",
  },
];

describe("a source that cannot be used", () => {
  let attempt: Attempt;
  beforeAll(async () => {
    for (const { file, make } of UNUSABLE) make(file);
    const files = UNUSABLE.map(({ file }) => file);
    attempt = await workshop.attemptAll(files, [{ name: "made", video: fast }]);
  });

  test.each(UNUSABLE)("$name: $reason", ({ file, reason }) => {
    const failure = attempt.result.failures.find(({ source }) => source === sourceName(file));
    expect(failure).toMatchObject({ class: "input", reason, output: "made" });
  });

  test("nothing is left of any", () => {
    expect(attempt.exitCode).toBe(10);
    expect(attempt.files).toEqual([]);
  });
});

test("a unit of one such source fails for its reason", async () => {
  const attempt = await workshop.attempt("absent.mp4", { video: fast });
  expect(attempt.result.failure).toMatchObject({
    class: "input",
    reason: "SourceNotFound",
    source: "source",
  });
  expect([attempt.exitCode, attempt.files]).toEqual([10, []]);
});

test.each([
  { name: "a video", family: "video", wish: { preset: "ultrafast" } },
  { name: "a sound file", family: "audio", wish: {} },
])("cuts of what a source no longer holds are missed by $name", async ({ family, wish }) => {
  const cuts = [
    { startSeconds: 1.6, endSeconds: 2 },
    { startSeconds: 0, endSeconds: 0.4 },
  ];
  const attempt = await workshop.attempt("cut.mp4", { [family]: { ...wish, cuts } });
  expect(attempt.result.failure).toMatchObject({ reason: "SourceTruncated" });
});

test.each([
  { name: "pictures", output: { video: fast } },
  { name: "sound", output: { audio: {} } },
])("damage in the middle of $name is concealed and warned of", async ({ output }) => {
  const bytes = bytesOf("plain.mp4");
  const start = bytes.indexOf("mdat") + Math.floor(bytes.length * 0.4);
  for (let index = start; index < start + 3000; index++) bytes[index] = (index * 7919) % 256;
  workshop.write("damaged.mp4", bytes);
  const { result } = await workshop.attempt("damaged.mp4", output);
  expect(result.failures).toEqual([]);
  expect(result.warnings).toMatchObject([{ reason: "SourceDamaged" }]);
});

const READABLE: { name: string; file: string; list: string[]; frames?: number }[] = [
  {
    name: "odd sides and 4:4:4",
    file: "odd.mp4",
    list: ["-vf", "scale=321:181", "-pix_fmt", "yuv444p"],
    frames: 50,
  },
  { name: "10 bits of 4:2:2", file: "deep.mp4", list: ["-pix_fmt", "yuv422p10le"], frames: 50 },
  {
    name: "a varying frame rate",
    file: "varying.mp4",
    list: ["-vf", "select=not(eq(mod(n\\,5)\\,2))", "-fps_mode", "vfr"],
    frames: 40,
  },
  { name: "one frame a second", file: "slow.mp4", list: ["-r", "1"] },
  { name: "a single frame", file: "one.mp4", list: ["-frames:v", "1", "-an"], frames: 1 },
  {
    name: "B-frames, which start with an edit list",
    file: "edit.mp4",
    list: ["-c:v", "libx264", "-bf", "2"],
    frames: 50,
  },
  {
    name: "times below zero",
    file: "negative.mkv",
    list: ["-c", "copy", "-output_ts_offset", "-1", "-avoid_negative_ts", "disabled"],
  },
  {
    name: "eight audio tracks",
    file: "eight.mp4",
    list: ["-map", "0:v", ...Array.from({ length: 8 }, () => ["-map", "0:a"]).flat(), "-c", "copy"],
    frames: 50,
  },
  { name: "a data track", file: "data.mov", list: ["-c", "copy", "-timecode", "01:00:00:00"], frames: 50 },
  { name: "AVI", file: "a.avi", list: ["-c:v", "mpeg4", "-c:a", "mp3"] },
  { name: "MPEG-TS, which starts at any time", file: "a.ts", list: ["-c", "copy"] },
  { name: "MPEG-PS", file: "a.mpg", list: ["-c:v", "mpeg2video", "-c:a", "mp2"] },
  { name: "MXF", file: "a.mxf", list: ["-c:v", "mpeg2video", "-c:a", "pcm_s16le"] },
  { name: "Flash video", file: "a.flv", list: ["-c:v", "flv1", "-ar", "44100", "-c:a", "mp3"] },
  { name: "Windows Media", file: "a.wmv", list: ["-c:v", "wmv2", "-c:a", "wmav2"] },
  {
    name: "VP8 in WebM",
    file: "a.webm",
    list: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"],
  },
  { name: "Theora in Ogg", file: "a.ogv", list: ["-c:v", "theora", "-c:a", "libvorbis"] },
  { name: "GIF", file: "a.gif", list: ["-c:v", "gif", "-an"] },
  {
    name: "a name of any bytes, which is only a name",
    file: "-y http:ü \n'\".mp4",
    list: ["-c", "copy"],
    frames: 50,
  },
];

describe("a source that is read", () => {
  let attempt: Attempt;
  beforeAll(async () => {
    for (const { file, list } of READABLE) from(file, ...list);
    const files = READABLE.map(({ file }) => file);
    attempt = await workshop.attemptAll(files, [{ name: "made", video: { ...fast, height: 90 } }]);
  });

  test("none fails", () => expect(attempt.result.failures).toEqual([]));

  test.each(READABLE)("$name", async ({ file, frames }) => {
    const { video } = await probe(attempt.pathOf(`made-${sourceName(file)}.mp4`));
    expect(video[0]).toMatchObject({ codec: "h264", pixelFormat: "yuv420p", height: 90 });
    if (frames !== undefined) expect(video[0]?.frames).toBe(frames);
  });
});

test("ffprobe is asked once what a source is, though its length is looked at first and two outputs are made", async () => {
  const calls = join(workshop.root, "calls");
  const counting = join(workshop.root, "counting-ffprobe");
  writeFileSync(counting, `#!/bin/sh\necho "$@" >> ${calls}\nexec ffprobe "$@"\n`, { mode: 0o755 });
  const outputs = ["wide", "small"].map((name, index) =>
    output.parse({
      name,
      video: { ...fast, height: 90 / (index + 1), denoise: index ? "Light" : undefined },
    }),
  );
  const attempt = await workshop.attempt(
    "plain.mp4",
    { video: fast },
    { environment: { FFPROBE_PATH: counting }, unit: { wholeUpToSeconds: 120, outputs } },
  );
  expect(attempt.files).toEqual(["small.mp4", "wide.mp4"]);
  const ofSource = readFileSync(calls, "utf8")
    .split("\n")
    .filter((line) => line.includes(at("plain.mp4")));
  expect(ofSource).toHaveLength(1);
});
