import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg, integratedLufs } from "./clips.ts";
import { type MadeVideo, VideoWorkshop } from "./video-workshop.ts";

/** What becomes of a video's sound. */

const WALK = resolve(import.meta.dirname, "../../../examples/media/walk.mp4");

let workshop: VideoWorkshop;
let plain: string;
beforeAll(() => {
  workshop = new VideoWorkshop();
  plain = clip(join(workshop.sources, "plain.mp4"), { size: "160x90" });
});
afterAll(() => workshop.remove());

const TRACKS = [
  { name: "none", audio: { codec: "none" }, expected: [] },
  {
    name: "5.1 in opus",
    audio: { codec: "opus", channels: "5.1" },
    expected: [{ codec: "opus", channels: 6 }],
  },
  {
    name: "mono at another rate",
    audio: { channels: "Mono", sampleRateHz: 22_050 },
    expected: [{ channels: 1, sampleRate: 22_050 }],
  },
  { name: "as it is", audio: { codec: "copy" }, expected: [{ codec: "aac" }] },
];

describe("a track", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    made = await workshop.makeAll("plain.mp4", TRACKS, ({ audio }) => ({ audio }));
  });

  test.each(TRACKS)("$name", async ({ name, expected }) => {
    expect((await made(name)).record.audio).toMatchObject(expected);
  });
});

test("a square of four speakers is kept in opus, in as many bits as that takes", async () => {
  const square = ["-af", "aformat=channel_layouts=quad", "-c:v", "copy", "-c:a", "flac"];
  ffmpeg("-i", plain, ...square, join(workshop.sources, "square.mkv"));
  const made = await workshop.makeAll(
    "square.mkv",
    [
      { name: "square", audio: {} },
      { name: "mono", audio: { channels: "Mono", bitrateKbps: 512 } },
    ],
    ({ audio }) => ({ container: "webm", codec: "vp9", audio }),
  );
  const [square4, mono] = await Promise.all([made("square"), made("mono")]);
  expect(square4.record.audio).toMatchObject([{ codec: "opus", channels: 4, layout: "quad" }]);
  expect(mono.record.audio).toMatchObject([{ channels: 1 }]);
});

test("two languages of three keep their order and their tags", async () => {
  const list = ["eng", "deu", "fra"].flatMap((language, index) => [
    "-map",
    "0:a",
    `-metadata:s:a:${index}`,
    `language=${language}`,
  ]);
  ffmpeg("-i", plain, "-map", "0:v", ...list, "-c", "copy", join(workshop.sources, "tracks.mp4"));
  const made = await workshop.makeAll(
    "tracks.mp4",
    [
      { name: "mp4", languages: ["fra", "eng"] },
      { name: "mov", languages: ["deu", "fra"] }, // which says German another way
    ],
    ({ name, languages }) => ({ container: name, audio: { languages } }),
  );
  const languagesOf = async (name: string) => (await made(name)).record.audio.map(({ language }) => language);
  expect(await languagesOf("mp4")).toEqual(["fra", "eng"]);
  expect(await languagesOf("mov")).toEqual(["ger", "fra"]);
});

test("loudness is levelled to −23 LUFS within half a unit", async () => {
  const quiet = join(workshop.sources, "quiet.mkv");
  const small = ["-vf", "scale=160:90", "-c:v", "libx264", "-preset", "ultrafast"];
  ffmpeg("-i", WALK, "-t", "6", "-af", "volume=-9dB", ...small, quiet);
  const { path } = await workshop.make("quiet.mkv", { audio: { loudness: {} } });
  expect(Math.abs(integratedLufs(path) + 23)).toBeLessThanOrEqual(0.5);
});

describe("a loudness that peaks leave no room for is told to be missed by", () => {
  beforeAll(() => {
    const clicks = "0.01*sin(2*PI*300*t)+0.95*sin(2*PI*1000*t)*lt(mod(t,2),0.004)";
    const sound = ["-f", "lavfi", "-i", `aevalsrc='${clicks}':s=48000:d=4`];
    ffmpeg(
      "-stream_loop",
      "1",
      "-i",
      plain,
      ...sound,
      "-map",
      "0:v",
      "-map",
      "1",
      "-c:v",
      "copy",
      join(workshop.sources, "clicks.mkv"),
    );
  });

  const FAMILIES = [
    { name: "a video", output: { video: { preset: "ultrafast", audio: { loudness: {} } } } },
    { name: "a sound file", output: { audio: { loudness: {} } } },
    {
      name: "a stream",
      output: { stream: { preset: "ultrafast", audio: { loudness: { integratedLufs: -20 } } } },
    },
  ];
  test.each(FAMILIES)("$name", async ({ output }) => {
    const { result } = await workshop.attempt("clicks.mkv", output);
    expect(result.failures).toEqual([]);
    const message = expect.stringMatching(
      / has -\d\d(\.\d)? LUFS, not -2[03]: its peaks may not pass -1 dBTP/,
    );
    expect(result.warnings).toMatchObject([
      { reason: "LoudnessMissed", source: "source", output: "made", message },
    ]);
  });
});

test("a source without sound makes an output without", async () => {
  ffmpeg("-i", plain, "-an", "-c", "copy", join(workshop.sources, "mute.mp4"));
  const { record } = await workshop.make("mute.mp4", {});
  expect(record.audio).toEqual([]);
});

test("a cut behind the end of the sound is the spec's failure", async () => {
  const sine = ["-f", "lavfi", "-i", "sine=d=0.3"];
  const maps = ["-map", "0:v", "-map", "1:a", "-c:v", "copy"];
  ffmpeg("-i", plain, ...sine, ...maps, join(workshop.sources, "early.mp4"));
  const audio = { cuts: [{ startSeconds: 1.6, endSeconds: 1.9 }] };
  const { result } = await workshop.attempt("early.mp4", { audio });
  expect(result.failure).toMatchObject({
    reason: "InvalidOutputSpec",
    message: expect.stringContaining("audio track 1 of the source has no sound in any of the cuts"),
  });
});

test("a cut of sound without a container is all that was asked for, however quiet the rest is", async () => {
  const loud = ["-f", "lavfi", "-i", "anoisesrc=d=3:a=0.8", "-f", "lavfi", "-i", "anullsrc=d=15"];
  const joined = ["-filter_complex", "[0][1]concat=n=2:v=0:a=1", "-b:a", "192k"];
  ffmpeg(...loud, ...joined, join(workshop.sources, "quieter.aac"));
  const audio = { codec: "wav", cuts: [{ startSeconds: 1, endSeconds: 15 }] };
  const { result, files, pathOf } = await workshop.attempt("quieter.aac", { audio });
  expect(result).toMatchObject({ failures: [], warnings: [] });
  expect((await probe(pathOf(files[0] ?? ""))).durationSeconds).toBeCloseTo(14, 2);
});

test("a beep too short for a loudness is not called silent alone", async () => {
  ffmpeg("-f", "lavfi", "-i", "sine=d=0.3", join(workshop.sources, "beep.wav"));
  const { result } = await workshop.attempt("beep.wav", { audio: { codec: "wav", loudness: {} } });
  expect(result.failures).toEqual([]);
  expect(result.warnings).toMatchObject([
    {
      reason: "SilentTrack",
      message: "the track is silent or shorter than 0.4 s: its loudness is left as it is",
    },
  ]);
});

test("a silent track that cannot be levelled is told with its source and its output", async () => {
  const silent = ["-af", "volume=0", "-c:v", "copy", "-c:a", "aac"];
  ffmpeg("-i", join(workshop.sources, "plain.mp4"), ...silent, join(workshop.sources, "silent.mp4"));
  const { attempt } = await workshop.make("silent.mp4", { audio: { loudness: {} } });
  expect(attempt.result.warnings).toMatchObject([
    { reason: "SilentTrack", source: "source", output: "made" },
  ]);
});

test.each([
  {
    family: "a video",
    output: { video: { preset: "ultrafast", audio: { codec: "mp3", sampleRateHz: 47_000 } } },
  },
  { family: "a recording", output: { audio: { codec: "mp3", sampleRateHz: 47_000 } } },
])("what the codec has not of the sound of $family is told", async ({ output }) => {
  clip(join(workshop.sources, "six.mp4"), { size: "160x90", audio: ["-ac", "6", "-c:a", "aac"] });
  const { files, pathOf, result } = await workshop.attempt("six.mp4", output);
  expect(result.failures).toEqual([]);
  const about = { source: "source", output: "made" };
  expect(result.warnings).toMatchObject([
    { ...about, reason: "ChannelsMixed", message: expect.stringContaining("6 channels, which mp3") },
    { ...about, reason: "SampleRateChanged", message: expect.stringContaining("has 48000 Hz") },
  ]);
  const { audio } = await probe(pathOf(files[0] ?? ""));
  expect(audio).toMatchObject([{ channels: 2, sampleRate: 48_000 }]);
});
