import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Unit } from "../../../crds/unit.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import { apart, clip, ffmpeg, flashes } from "./clips.ts";
import { type MadeVideo, VideoWorkshop } from "./video-workshop.ts";
import type { Attempt } from "./worker-attempt.ts";

/** What is laid over, put between, or joined to the pictures of a video. */

const CUES = "1\n00:00:00,500 --> 00:00:01,000\nHello, world: [it's] here\n";

let workshop: VideoWorkshop;
beforeAll(() => {
  workshop = new VideoWorkshop();
  const at = (name: string) => join(workshop.sources, name);
  ffmpeg(
    ...["-f", "lavfi", "-i", "color=black:s=320x180:r=25:d=2", "-f", "lavfi", "-i", "sine=f=440:r=48000:d=2"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", at("black.mp4")],
  );
  ffmpeg("-f", "lavfi", "-i", "color=white:s=64x64", "-frames:v", "1", at("white.png"));
  ffmpeg("-i", at("white.png"), at("white.jpg"));
  workshop.write("cues.srt", CUES);
  ffmpeg(
    ...[
      "-i",
      at("black.mp4"),
      "-i",
      at("cues.srt"),
      "-map",
      "0",
      "-map",
      "1",
      "-c",
      "copy",
      "-c:s",
      "mov_text",
    ],
    ...["-metadata:s:s:0", "language=eng", at("cued.mp4")],
  );
  clip(at("tall.mkv"), { size: "90x160", seconds: 1, rate: "30", audio: ["-an"] });
  flashes(at("flash.mp4"), 2);
});
afterAll(() => workshop.remove());

async function make(file: string, video: Record<string, unknown>, unit: Partial<Unit> = {}) {
  const attempt = await workshop.attempt(
    file,
    { video: { preset: "ultrafast", crf: 10, ...video } },
    { unit },
  );
  expect(attempt.result.failures).toEqual([]);
  const path = attempt.pathOf("made.mp4");
  return { attempt, path, record: await probe(path) };
}

const RATE = 25;
const WIDTH = 320;
const HEIGHT = 180;

/**
 * Finds the brightest point of a rectangle `w:h:x:y` at a time, 16 to 235, or four times that of 10 bits. All of the
 * film is decoded at once: ffmpeg takes longer to start than for seconds of such small pictures.
 */
function brightestOf(path: string, { bits = 8 } = {}): (rectangle: string, seconds: number) => number {
  const list = ["-v", "error", "-nostdin", "-i", path, "-vf", "extractplanes=y", "-f", "rawvideo", "-"];
  const bytes = execFileSync("ffmpeg", list, { maxBuffer: 2 ** 27 });
  const luma = bits === 8 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return (rectangle, seconds) => {
    const [width = 0, height = 0, left = 0, top = 0] = rectangle.split(":").map(Number);
    const first = (Math.ceil(seconds * RATE) * HEIGHT + top) * WIDTH + left;
    const starts = Array.from({ length: height }, (_, line) => first + line * WIDTH);
    if (first + (height - 1) * WIDTH + width > luma.length)
      throw new Error(`${path} ends before ${seconds} s`);
    return Math.max(...starts.flatMap((start) => [...luma.subarray(start, start + width)]));
  };
}

const BLACK = 40;
const BOTTOM = "320:60:0:120";

/** Of the black clip, by one worker. */
const ON_BLACK = [
  {
    name: "a watermark",
    video: {
      watermark: {
        path: "in/white.png",
        gravity: "northwest",
        scale: 0.2,
        margin: 0.05,
        startSeconds: 1,
        endSeconds: 1.5,
      },
    },
  },
  { name: "subtitles of a file", video: { burnIn: { subtitles: { path: "in/cues.srt" } } } },
  { name: "a timecode", video: { burnIn: { timecode: { gravity: "north", size: 0.1 } } } },
  { name: "twice the size", video: { upscale: 2 } },
];
let onBlack: (name: string) => Promise<MadeVideo>;
beforeAll(async () => {
  onBlack = await workshop.makeAll("black.mp4", ON_BLACK, ({ video }) => ({ crf: 10, ...video }));
});

/** Of the clip with subtitles, by one worker. */
let ofCued: Attempt;
beforeAll(async () => {
  const output = (name: string, video: object) => ({
    name,
    video: { preset: "ultrafast", crf: 10, ...video },
  });
  ofCued = await workshop.attemptAll(
    ["cued.mp4"],
    [
      output("shown", { burnIn: { subtitles: { language: "en" } } }),
      output("lacking", { burnIn: { subtitles: { language: "deu" } } }),
      output("files", { subtitleFiles: ["vtt", "srt"] }),
    ],
  );
});

describe("watermark", () => {
  test("sits where gravity puts it, as large as its share, while it is wanted", async () => {
    const { path } = await onBlack("a watermark");
    const brightest = brightestOf(path);
    expect(brightest("60:60:18:18", 1.2)).toBeGreaterThan(230);
    expect(brightest("14:14:0:0", 1.2)).toBeLessThan(BLACK);
    expect(brightest("220:80:100:100", 1.2)).toBeLessThan(BLACK);
    expect(brightest("60:60:18:18", 0.5)).toBeLessThan(BLACK);
    expect(brightest("60:60:18:18", 1.7)).toBeLessThan(BLACK);
  });

  test("half of its opacity is half of its light, in 10 bits too", async () => {
    const watermark = { path: "in/white.jpg", gravity: "centre", opacity: 0.5 };
    const { path, record } = await make("black.mp4", {
      watermark,
      codec: "h265",
      pixelFormat: "yuv420p10le",
    });
    expect(record.video[0]?.bitDepth).toBe(10);
    const brightest = brightestOf(path, { bits: 10 });
    expect(brightest("20:20:150:80", 1) / 4).toBeGreaterThan(115);
    expect(brightest("20:20:150:80", 1) / 4).toBeLessThan(137);
  });

  test.each([
    { transfer: "smpte2084", at: "58 %", y: 573 },
    { transfer: "arib-std-b67", at: "75 %", y: 721 },
  ])(
    "on $transfer that is kept its white, and a text's, are as bright as paper, at $at",
    async ({ transfer, y }) => {
      const tags = `colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc`;
      const list = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", `log-level=error:${tags}`];
      const black = ["-f", "lavfi", "-i", "color=black:s=320x180:r=25:d=0.4", "-pix_fmt", "yuv420p10le"];
      ffmpeg(...black, ...list, join(workshop.sources, `${transfer}.mp4`));
      const watermark = { path: "in/white.jpg", gravity: "centre" };
      workshop.write("early.srt", CUES.replace("00:00:00,500", "00:00:00,000"));
      const burnIn = { subtitles: { path: "in/early.srt" } };
      const video = { codec: "h265", dynamicRange: "Source", crf: 10, watermark, burnIn };
      const { path } = await make(`${transfer}.mp4`, video);
      const brightest = brightestOf(path, { bits: 10 });
      expect(Math.abs(brightest("20:20:150:80", 0.2) - y)).toBeLessThan(8);
      expect(Math.abs(brightest("320:40:0:140", 0.2) - y)).toBeLessThan(40);
    },
  );

  test("an image that is missing, or is a text, is the input's failure", async () => {
    const paths = { missing: "in/absent.png", text: "in/cues.srt" };
    const attempt = await workshop.attemptAll(
      ["black.mp4"],
      Object.entries(paths).map(([name, path]) => ({ name, video: { watermark: { path } } })),
    );
    expect(attempt.result.failures).toMatchObject([
      { output: "missing", class: "input", reason: "SourceNotFound" },
      { output: "text", class: "input", reason: "UnsupportedFormat" },
    ]);
    expect(attempt.files).toEqual([]);
  });
});

describe("text in the picture", () => {
  test.each([
    { name: "the source's track", pathOf: async () => ofCued.pathOf("shown-cued-mp4.mp4") },
    { name: "a file", pathOf: async () => (await onBlack("subtitles of a file")).path },
  ])("subtitles of $name are seen at their time", async ({ pathOf }) => {
    const path = await pathOf();
    const brightest = brightestOf(path);
    expect(brightest(BOTTOM, 0.7)).toBeGreaterThan(200);
    expect(brightest(BOTTOM, 0.2)).toBeLessThan(BLACK);
    expect(brightest(BOTTOM, 1.3)).toBeLessThan(BLACK);
  });

  test("subtitles that the source lacks are the spec's failure", () => {
    expect(ofCued.result.failures).toMatchObject([
      {
        output: "lacking",
        reason: "InvalidOutputSpec",
        message: expect.stringContaining("no text subtitles in 'deu'"),
      },
    ]);
  });

  test("a timecode stands where it is wanted and nowhere else", async () => {
    const { path } = await onBlack("a timecode");
    const brightest = brightestOf(path);
    expect(brightest("320:60:0:0", 1)).toBeGreaterThan(200);
    expect(brightest(BOTTOM, 1)).toBeLessThan(BLACK);
  });
});

test("a drop-frame timecode is drawn at another rate", async () => {
  const list = ["-c:a", "copy", "-preset", "ultrafast", "-timecode", "00:59:58;10"];
  const plain = clip(join(workshop.root, "ntsc.mov"), { size: "320x180", rate: "30000/1001", seconds: 1 });
  ffmpeg("-i", plain, ...list, "-vf", "drawbox=c=black:t=fill", join(workshop.sources, "ntsc.mov"));
  const burnIn = { timecode: { gravity: "north", size: 0.1 } };
  const { path } = await make("ntsc.mov", { fps: 25, burnIn });
  const brightest = brightestOf(path);
  expect(brightest("320:60:0:0", 0.5)).toBeGreaterThan(200);
});

describe("frames and sizes", () => {
  const DOUBLED = [
    { name: "all", cuts: undefined, frames: 50 },
    { name: "all of two cuts", cuts: [{ startSeconds: 0.8 }, { endSeconds: 0.4 }], frames: 30 },
  ];
  let doubled: (name: string) => Promise<MadeVideo>;
  beforeAll(async () => {
    clip(join(workshop.sources, "small.mp4"), { size: "96x64", seconds: 1 });
    doubled = await workshop.makeAll("small.mp4", DOUBLED, ({ cuts }) => ({
      interpolate: { fps: 50 },
      cuts,
      crf: 10,
    }));
  });

  test.each(DOUBLED)("interpolation doubles the frames, $name", async ({ name, frames }) => {
    const { record } = await doubled(name);
    expect(record.video[0]?.frameRate).toEqual({ num: 50, den: 1 });
    expect(record.video[0]?.frames).toBe(frames);
  });

  test("upscaling doubles both sides", async () => {
    const { record } = await onBlack("twice the size");
    expect(record.video[0]).toMatchObject({ width: 640, height: 360 });
  });
});

describe("files that are joined", () => {
  const TO_FLASH = [
    { name: "of the same", append: ["in/flash.mp4", "in/flash.mp4"] },
    { name: "of pictures that begin late", append: ["in/late.mp4"] },
  ];
  let ofFlash: (name: string) => string;
  beforeAll(async () => {
    const late = ["-itsoffset", "0.6", "-i", join(workshop.sources, "flash.mp4")];
    const beep = ["-f", "lavfi", "-i", "aevalsrc='0.5*sin(2*PI*1000*t)*gte(t,2.3)':s=48000:d=2.6"];
    const maps = ["-map", "0:v", "-map", "1:a", "-c:v", "copy"];
    ffmpeg(...late, ...beep, ...maps, join(workshop.sources, "late.mp4"));
    ofFlash = await workshop.makePaths("flash.mp4", TO_FLASH, ({ append }) => ({ append, crf: 10 }));
  });

  test("another shape, rate and no sound: the first file decides, bars and silence fill", async () => {
    const named = (name: string, file: string) => ({
      name,
      volume: { claimName: "media", path: `in/${file}` },
    });
    const { record, path } = await make(
      "black.mp4",
      { appendSources: ["tall", "again"] },
      { companions: [named("again", "black.mp4"), named("tall", "tall.mkv")] },
    );
    expect(record.video[0]).toMatchObject({
      width: 320,
      height: 180,
      frames: 125,
      frameRate: { num: 25, den: 1 },
    });
    expect(record.audio).toMatchObject([{ channels: 1, sampleRate: 48_000 }]);
    const brightest = brightestOf(path);
    expect(brightest("100:180:0:0", 2.5)).toBeLessThan(BLACK);
    expect(brightest("40:100:140:40", 2.5)).toBeGreaterThan(150);
  });

  test("flashes and beeps stay together over the joints", () => {
    const { flashes: lit, seconds } = apart(ofFlash("of the same"));
    expect(lit).toEqual([1, 3, 5]);
    for (const each of seconds) expect(Math.abs(each)).toBeLessThanOrEqual(0.001);
  });

  test("one without sound before one with it is silent, and the sound begins with its pictures", async () => {
    ffmpeg(
      "-i",
      join(workshop.sources, "flash.mp4"),
      "-an",
      "-c",
      "copy",
      join(workshop.sources, "mute.mp4"),
    );
    const { path, record } = await make("mute.mp4", { append: ["in/mute.mp4", "in/flash.mp4"] });
    expect(record.audio).toMatchObject([{ sampleRate: 48_000 }]);
    const { flashes: lit, beeps } = apart(path);
    expect(lit).toEqual([1, 3, 5]);
    expect(beeps).toHaveLength(1);
    expect(beeps[0]).toBeCloseTo(5, 2);
  });

  test("sound beside pictures that begin late is heard to their end", () => {
    const { beeps } = apart(ofFlash("of pictures that begin late"));
    expect(beeps.map((moment) => Math.round(moment * 100) / 100)).toEqual([1, 4.3]);
  });

  test("a file that is no media is named", async () => {
    const attempt = await workshop.attempt("black.mp4", { video: { append: ["in/cues.srt"] } });
    expect(attempt.result.failure).toMatchObject({
      class: "input",
      message: expect.stringContaining("append in/cues.srt"),
    });
  });
});

test("subtitles are written to files of their own", () => {
  const texts = ["files-cued-mp4.1.eng.srt", "files-cued-mp4.1.eng.vtt"];
  expect(ofCued.files).toEqual([...texts, "files-cued-mp4.mp4", "shown-cued-mp4.mp4"]);
  const [srt, vtt] = texts.map((name) => readFileSync(ofCued.pathOf(name), "utf8"));
  expect(vtt).toContain("WEBVTT\n\n00:00.500 --> 00:01.000\nHello, world");
  expect(srt).toContain("00:00:00,500 --> 00:00:01,000");
});

test("Matroska keeps subtitles with their styles, and the fonts that came with them", async () => {
  const at = (name: string) => join(workshop.sources, name);
  const styled = join(workshop.root, "cues.ass");
  const font = workshop.write("any.ttf", "stands for a font");
  ffmpeg("-i", at("cues.srt"), styled);
  ffmpeg(
    ...["-i", at("black.mp4"), "-i", styled, "-map", "0:v", "-map", "1", "-c", "copy"],
    ...["-attach", at(font), "-metadata:s:t", "mimetype=application/x-truetype-font", at("styled.mkv")],
  );
  const video = { preset: "ultrafast", container: "mkv", subtitles: "Keep" };
  const attempt = await workshop.attempt("styled.mkv", { video });
  expect(attempt.result.warnings).toEqual([]);
  const record = await probe(attempt.pathOf("made.mkv"));
  expect(record.subtitles).toMatchObject([{ codec: "ass" }]);
  expect(record.attachments).toMatchObject([{ codec: "ttf" }]);
});
