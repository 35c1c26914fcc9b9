import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { apart, clip, ffmpeg, flashes, samples, similarity } from "./clips.ts";
import { type MadeVideo, VideoWorkshop } from "./video-workshop.ts";
import { type Attempt, sourceName } from "./worker-attempt.ts";

/** Cuts, speed, frame rates and timecodes: exact to the frame. */

let workshop: VideoWorkshop;
let plain: string;
beforeAll(() => {
  workshop = new VideoWorkshop();
  plain = clip(join(workshop.sources, "plain.mp4"), { size: "160x90" });
});
afterAll(() => workshop.remove());

const TIMES = [
  {
    name: "one cut, exact to the frame",
    video: { cuts: [{ startSeconds: 0.52, endSeconds: 1.04 }] },
    frames: 13,
  },
  {
    name: "several cuts, joined",
    video: { cuts: [{ startSeconds: 1.2 }, { startSeconds: 0.2, endSeconds: 0.4 }] },
    frames: 25,
  },
  { name: "half speed", video: { speed: 0.5 }, frames: 100 },
  { name: "half the frames", video: { fps: 12.5 }, frames: 25 },
  { name: "NTSC's rate is exact", video: { fps: 29.97 }, frames: 60, rate: { num: 30_000, den: 1001 } },
  {
    name: "a cut shows the very frame",
    video: { cuts: [{ startSeconds: 1 }], crf: 10 },
    frames: 25,
    from: 25,
  },
];

describe("frames", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    made = await workshop.makeAll("plain.mp4", TIMES, ({ video }) => video);
  });

  test.each(TIMES)("$name", async ({ name, frames, rate, from }) => {
    const { path, record } = await made(name);
    expect(record.video[0]?.frames).toBe(frames);
    if (rate) expect(record.video[0]?.frameRate).toEqual(rate);
    if (from === undefined) return;
    expect(similarity(path, plain, `trim=start_frame=${from},setpts=PTS-STARTPTS`)).toBeGreaterThan(0.97);
  });
});

/** The pictures of `ramp.mp4` grow brighter with each frame, of which 25 are shown a second. */
const UNEVEN = [
  {
    name: "frames are missing, each stays until the next one",
    file: "gaps.mp4",
    list: ["-vf", "select=not(between(n\\,20\\,30)+eq(n\\,50))", "-fps_mode", "vfr"],
    first: [19, 19, 19, 19, 19, 19, ...range(31, 37)],
    second: [...range(12, 19), 19, 19, 19, 19, 19],
    last: [49, ...range(51, 59)],
  },
  {
    name: "a cut is a frame long, it is there",
    file: "ramp.mp4",
    list: [],
    first: range(25, 37),
    second: range(13, 24),
    last: range(50, 59),
  },
  {
    name: "pictures begin late, the first one is shown before",
    file: "late.mp4",
    list: ["-itsoffset", "0.48", "-i", "RAMP", "-map", "1:v", "-map", "0:a"],
    first: range(13, 25),
    second: range(1, 12),
    last: range(38, 47),
  },
];
const UNEVEN_CUTS = [
  { startSeconds: 1, endSeconds: 1.5 },
  { startSeconds: 0.5, endSeconds: 1 },
  { startSeconds: 0, endSeconds: 0.04 },
  { startSeconds: 2, endSeconds: 2.4 },
];

describe("of cuts where", () => {
  let attempt: Attempt;
  beforeAll(async () => {
    const ramp = join(workshop.sources, "ramp.mp4");
    ffmpeg(
      ...["-f", "lavfi", "-i", "nullsrc=s=64x64:r=25:d=3,geq=lum=20+N*2:cb=128:cr=128"],
      ...["-f", "lavfi", "-i", "sine=r=48000:d=3", "-c:v", "libx264", "-crf", "0", ramp],
    );
    for (const { file, list } of UNEVEN.filter(({ file }) => file !== "ramp.mp4")) {
      const more = list.map((each) => (each === "RAMP" ? ramp : each));
      ffmpeg("-i", ramp, ...more, "-c:v", "libx264", "-crf", "0", join(workshop.sources, file));
    }
    attempt = await workshop.attemptAll(
      UNEVEN.map(({ file }) => file),
      [{ name: "made", video: { preset: "ultrafast", crf: 0, cuts: UNEVEN_CUTS, audio: { codec: "opus" } } }],
    );
  });

  test.each(UNEVEN)("$name", async ({ file, first, second, last }) => {
    expect(attempt.result.failures).toEqual([]);
    const path = attempt.pathOf(`made-${sourceName(file)}.mp4`);
    expect(shades(path)).toEqual([...first, ...second, 0, ...last]);
    const { video, audio } = await probe(path);
    expect(video[0]).toMatchObject({ startSeconds: 0, frameRate: { num: 25, den: 1 } });
    expect(audio[0]?.durationSeconds).toBeCloseTo(video[0]?.durationSeconds ?? 0, 1);
  });
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** Which frame of the ramp each frame of a file is. */
function shades(path: string): number[] {
  const list = ["-v", "error", "-i", path, "-vf", "scale=2:2", "-fps_mode", "passthrough"];
  const bytes = execFileSync("ffmpeg", [...list, "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]);
  const frameBytes = 4 + 1 + 1;
  const lumas = [...bytes].filter((_, at) => at % frameBytes === 0);
  return lumas.map((luma) => Math.round((luma - 20) / 2));
}

test("cuts at another rate end where they do in a file whose pictures and sound lie seconds apart", async () => {
  const more = ["-g", "100", "-movflags", "frag_keyframe+empty_moov"];
  clip(join(workshop.sources, "fragments.mp4"), { size: "160x90", more });
  const { record } = await workshop.make("fragments.mp4", {
    cuts: [{ startSeconds: 0.32, endSeconds: 0.8 }],
    fps: 50,
  });
  expect(record.video[0]).toMatchObject({ frames: 24, durationSeconds: 0.48 });
});

const UNINDEXED = [
  { name: "a transport stream", file: "plain.ts", video: ["-c:v", "copy"] },
  { name: "a program stream", file: "plain.mpg", video: ["-c:v", "mpeg2video", "-g", "100", "-q:v", "2"] },
  // It has no times but those of decoding, by which every frame comes one later.
  {
    name: "an AVI with B-frames",
    file: "plain.avi",
    video: ["-c:v", "mpeg4", "-bf", "2", "-q:v", "2"],
    late: 1,
  },
];

describe("cuts show the very frames", () => {
  let attempt: Attempt;
  beforeAll(async () => {
    for (const { file, video } of UNINDEXED)
      ffmpeg("-i", plain, ...video, "-c:a", "mp2", join(workshop.sources, file));
    const cuts = [
      { startSeconds: 0.4, endSeconds: 0.8 },
      { startSeconds: 1.2, endSeconds: 1.6 },
    ];
    attempt = await workshop.attemptAll(
      UNINDEXED.map(({ file }) => file),
      [{ name: "made", video: { preset: "ultrafast", cuts, crf: 10 } }],
    );
  });

  test.each(UNINDEXED)("of $name", async ({ file, late = 0 }) => {
    expect(attempt.result.failures).toEqual([]);
    const path = attempt.pathOf(`made-${sourceName(file)}.mp4`);
    const record = await probe(path);
    expect(record.video[0]?.frames).toBe(20);
    expect(record.durationSeconds).toBeCloseTo(0.8, 1);
    const wanted = `select='between(n+${late},10,19)+between(n+${late},30,39)',setpts=N/25/TB`;
    expect(similarity(path, plain, wanted)).toBeGreaterThan(0.97);
  });
});

describe("cuts beyond the end of a source that does not tell how long it is are refused:", () => {
  const ENDLESS = [
    { name: "a broadcast in Matroska", file: "live.mkv", list: ["-c", "copy", "-live", "1"] },
    { name: "pictures without a container", file: "plain.h264", list: ["-c:v", "copy", "-an"] },
  ];
  let attempt: Attempt;
  beforeAll(async () => {
    for (const { file, list } of ENDLESS) ffmpeg("-i", plain, ...list, join(workshop.sources, file));
    attempt = await workshop.attemptAll(
      ENDLESS.map(({ file }) => file),
      [{ name: "made", video: { cuts: [{ startSeconds: 5, endSeconds: 6 }] } }],
    );
  });

  test.each(ENDLESS)("$name", ({ file }) => {
    const failure = attempt.result.failures.find(({ source }) => source === sourceName(file));
    expect(failure).toMatchObject({
      reason: "InvalidOutputSpec",
      message: expect.stringMatching(
        /every cut lies beyond the end of the source, which lasts 2(?:\.\d+)? s/,
      ),
    });
  });
});

const CODED = [
  { name: "MP3 of a varying bitrate", file: "tone.mp3", sound: ["-c:a", "libmp3lame", "-q:a", "4"] },
  { name: "MP3 of one bitrate", file: "steady.mp3", sound: ["-c:a", "libmp3lame"] },
  { name: "AAC", file: "tone.m4a", sound: ["-c:a", "aac", "-aac_pns", "0"] },
  { name: "Opus", file: "tone.opus", sound: ["-c:a", "libopus"] },
];

describe("a cut has the samples that the whole has", () => {
  let attempt: Attempt;
  beforeAll(async () => {
    const sweep = "aevalsrc='0.5*sin(2*PI*(300+100*t)*t)':s=48000:d=6";
    for (const { file, sound } of CODED)
      ffmpeg("-f", "lavfi", "-i", sweep, ...sound, join(workshop.sources, file));
    const cuts = [{ startSeconds: 3.217, endSeconds: 4.217 }];
    attempt = await workshop.attemptAll(
      CODED.map(({ file }) => file),
      [{ name: "made", audio: { codec: "wav", cuts } }],
    );
  });

  test.each(CODED)("of $name", ({ file }) => {
    expect([attempt.result.failures, attempt.result.warnings]).toEqual([[], []]);
    const first = Math.round(3.217 * 48_000);
    const wanted = samples(join(workshop.sources, file)).subarray(first, first + 48_000);
    const found = samples(attempt.pathOf(`made-${sourceName(file)}.wav`));
    expect(found).toHaveLength(48_000);
    const off = found.map((sample, at) => Math.abs(sample - (wanted[at] ?? 0)));
    expect(Math.max(...off)).toBeLessThanOrEqual(2);
  });
});

test("sound stands where its pictures do after a cut in which it ended early", async () => {
  const whole = flashes(join(workshop.root, "whole.mp4"), 4);
  const early = ["-c:v", "copy", "-af", "atrim=end=2.5", "-c:a", "aac"];
  ffmpeg("-i", whole, ...early, join(workshop.sources, "early.mp4"));
  const cuts = [
    { startSeconds: 0, endSeconds: 3 },
    { startSeconds: 3.2, endSeconds: 3.8 },
    { startSeconds: 0.5, endSeconds: 2.4 },
  ];
  const { path } = await workshop.make("early.mp4", { cuts });
  const { flashes: lit, seconds, beeps } = apart(path);
  expect(lit.map((moment) => Math.round(moment * 100) / 100)).toEqual([1, 2, 4.08, 5.08]);
  expect(beeps).toHaveLength(4);
  expect(Math.max(...seconds.map(Math.abs))).toBeLessThan(0.002);
});

test("sound stands where its pictures do, where these begin between two frames of their rate", async () => {
  const whole = flashes(join(workshop.root, "moved.mp4"), 3);
  ffmpeg("-i", whole, "-c", "copy", join(workshop.sources, "moved.mkv")); // Matroska moves pictures behind AAC's priming
  const { path } = await workshop.make("moved.mkv", {});
  const { seconds } = apart(path);
  expect(seconds).toHaveLength(2);
  expect(Math.max(...seconds.map(Math.abs))).toBeLessThan(0.002);
});

const SPEEDS = [
  { name: "a quarter of the speed", video: { speed: 0.25 }, most: 0.05 },
  { name: "half the speed", video: { speed: 0.5 }, most: 0.025 },
  { name: "a quarter more of the speed", video: { speed: 1.25 }, most: 0.01 },
];

describe("sound stands where its pictures do, as near as its stretching lets it, at", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    flashes(join(workshop.sources, "fast-and-slow.mp4"), 3);
    made = await workshop.makeAll("fast-and-slow.mp4", SPEEDS, ({ video }) => video);
  });

  test.each(SPEEDS)("$name", async ({ name, video: { speed }, most }) => {
    const { path, record } = await made(name);
    const { seconds } = apart(path);
    expect(seconds).toHaveLength(2);
    expect(Math.max(...seconds.map(Math.abs))).toBeLessThan(most);
    const lasts = record.audio[0]?.durationSeconds ?? 0;
    expect(Math.abs(lasts - 3 / speed)).toBeLessThan(most + 0.02);
  });
});

const EDITING = { container: "mov", preset: undefined };
const CHAPTERS = [
  { startSeconds: 0, endSeconds: 1, title: "Slate" },
  { startSeconds: 1, endSeconds: 2, title: "Take" },
];
const KEPT = [
  {
    name: "a ProRes proxy",
    video: { ...EDITING, codec: "prores", profile: "proxy" },
    expected: { video: [{ codec: "prores", profile: "Proxy", frames: 60 }], audio: [{ codec: "pcm_s24le" }] },
  },
  {
    name: "a DNxHR proxy",
    video: { ...EDITING, codec: "dnxhr", profile: "lb" },
    expected: {
      video: [{ codec: "dnxhd", profile: "DNXHR LB", frames: 60 }],
      audio: [{ codec: "pcm_s24le" }],
    },
  },
  { name: "an MP4, but for the reel", video: {}, expected: { video: [{ frames: 60 }], reelName: null } },
  { name: "a Matroska file", video: { container: "mkv" }, expected: { container: "matroska" } },
];

describe("timecode, reel, chapters, rate and channels of the camera are kept by", () => {
  let made: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    const chapters = CHAPTERS.map(
      ({ startSeconds, endSeconds, title }) =>
        `[CHAPTER]\nTIMEBASE=1/1\nSTART=${startSeconds}\nEND=${endSeconds}\ntitle=${title}`,
    );
    writeFileSync(join(workshop.root, "chapters.txt"), `;FFMETADATA1\n${chapters.join("\n")}\n`);
    const plain = clip(join(workshop.root, "camera.mov"), {
      size: "256x144",
      rate: "30000/1001",
      audio: ["-c:a", "pcm_s16le", "-ac", "2"],
    });
    ffmpeg(
      ...["-i", plain, "-i", join(workshop.root, "chapters.txt"), "-map", "0", "-map_chapters", "1"],
      ...["-c", "copy", "-timecode", "09:59:59;28", "-metadata:s:v:0", "reel_name=A001C002"],
      join(workshop.sources, "camera.mov"),
    );
    made = await workshop.makeAll("camera.mov", KEPT, ({ video }) => video);
  });

  test.each(KEPT)("$name", async ({ name, expected }) => {
    const { record } = await made(name);
    expect(record).toMatchObject({
      timecode: "09:59:59;28",
      dropFrame: true,
      reelName: "A001C002",
      chapters: CHAPTERS,
      ...expected,
    });
    expect(record.video[0]).toMatchObject({ frameRate: { num: 30_000, den: 1001 } });
    expect(record.audio).toMatchObject([{ channels: 2 }]);
  });

  test("a cut begins with the timecode of its first frame, and leaves out chapters, whose times are others", async () => {
    const cuts = [{ startSeconds: 1 }];
    const { record } = await workshop.make("camera.mov", { ...EDITING, codec: "dnxhr", profile: "lb", cuts });
    expect(record).toMatchObject({ timecode: "10:00:00;28", reelName: "A001C002", chapters: [] });
  });
});

test("no frame is lost where a rate rises in the middle of a source", async () => {
  const rates = [25, 50].map((rate) => join(workshop.root, `rate-${rate}.mp4`));
  for (const [at, path] of rates.entries()) {
    const more = ["-video_track_timescale", "50"];
    clip(path, { size: "160x90", rate: `${25 * (at + 1)}`, audio: ["-an"], more });
  }
  const joined = join(workshop.root, "rates.txt");
  writeFileSync(joined, rates.map((path) => `file '${path}'\n`).join(""));
  const rising = join(workshop.sources, "rising.mp4");
  ffmpeg("-f", "concat", "-safe", "0", "-i", joined, "-c", "copy", rising);
  const { path, record } = await workshop.make("rising.mp4", {});
  expect(record.video[0]?.frames).toBe(150);
  expect(similarity(path, rising)).toBeGreaterThan(0.95);
});

test("a source of a varying rate has a keyframe every ten seconds", async () => {
  const select = ["-vf", "select='not(mod(n,3))+not(mod(n,7))'", "-fps_mode", "vfr"];
  const more = ["-video_track_timescale", "10"];
  clip(join(workshop.sources, "screen.mp4"), {
    ...{ size: "160x90", rate: "10", seconds: 25, audio: ["-an"] },
    more: [...select, ...more],
  });
  const { path } = await workshop.make("screen.mp4", { preset: "veryfast" });
  expect(keyframes(path).map(Math.round)).toEqual([0, 10, 20]);
});

function keyframes(path: string): number[] {
  const list = ["-v", "error", "-select_streams", "v:0", "-skip_frame", "nokey", "-of", "csv=p=0"];
  const text = execFileSync("ffprobe", [...list, "-show_entries", "frame=pts_time", path], {
    encoding: "utf8",
  });
  return text.match(/[\d.]+/g)?.map(Number) ?? [];
}

describe("frames that follow slowly, without sound, are all there with", () => {
  const SLOW = [
    { name: "10 a second", file: "slow.mp4", list: ["-r", "10"] },
    { name: "1 a second", file: "slowest.mp4", list: ["-vf", "setpts=N/TB", "-r", "1", "-t", "10"] },
    { name: "an animation", file: "slow.gif", list: ["-r", "10", "-c:v", "gif"] },
    {
      name: "a screen that stood still",
      file: "still.mkv",
      list: ["-vf", "setpts=if(lt(N\\,48)\\,N/25\\,N*2-94)/TB", "-fps_mode", "vfr"],
    },
  ];
  let attempt: Attempt;
  beforeAll(async () => {
    for (const { file, list } of SLOW) ffmpeg("-i", plain, "-an", ...list, join(workshop.sources, file));
    attempt = await workshop.attemptAll(
      SLOW.map(({ file }) => file),
      [{ name: "made", video: { preset: "veryfast" } }],
    );
  });

  test.each(SLOW)("$name", async ({ file }) => {
    expect(attempt.result.failures).toEqual([]);
    const record = await probe(attempt.pathOf(`made-${sourceName(file)}.mp4`));
    const source = await probe(join(workshop.sources, file));
    expect(record.durationSeconds).toBeCloseTo(source.durationSeconds ?? 0, 1);
  });
});
