import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg, integratedLufs } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** Sound, frames, metadata and streams as the real worker process makes them, with real ffmpeg. */

const WALK = resolve(import.meta.dirname, "../../../examples/media/walk.mp4");

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
  workshop.add(WALK);
  clip(join(workshop.sources, "plain.mp4"));
  clip(join(workshop.sources, "long.mp4"), { seconds: 10, more: ["-g", "25"] });
  ffmpeg("-i", WALK, "-frames:v", "1", join(workshop.sources, "still.png"));
  workshop.write("text.mp4", "no video\n".repeat(50));
});
afterAll(() => workshop.remove());

const make = async (file: string, output: Record<string, unknown>) => {
  const attempt = await workshop.attempt(file, output);
  expect(attempt.result.failures).toEqual([]);
  expect(attempt.exitCode).toBe(0);
  return attempt;
};

const CODECS = [
  { codec: "aac", ext: "m4a", expected: { container: "mov", audio: [{ codec: "aac", channels: 2 }] } },
  {
    codec: "opus",
    ext: "opus",
    expected: { container: "ogg", audio: [{ codec: "opus", sampleRate: 48_000 }] },
  },
  { codec: "mp3", ext: "mp3", expected: { container: "mp3", audio: [{ codec: "mp3" }] } },
  { codec: "flac", ext: "flac", expected: { container: "flac", audio: [{ codec: "flac" }] } },
  { codec: "wav", ext: "wav", expected: { container: "wav", audio: [{ codec: "pcm_s16le" }] } },
];

describe("audio", () => {
  let made: Attempt;
  beforeAll(async () => {
    const cuts = [{ startSeconds: 1, endSeconds: 4 }];
    made = await workshop.attemptAll(
      ["walk.mp4"],
      CODECS.map(({ codec }) => ({ name: codec, audio: { codec, cuts } })),
    );
  });

  test.each(CODECS)("$codec", async ({ codec, ext, expected }) => {
    expect(made.result.failures).toEqual([]);
    const file = `${codec}-walk-mp4.${ext}`;
    expect(made.files).toContain(file);
    const record = await probe(made.pathOf(file));
    expect(record).toMatchObject(expected);
    expect(record.durationSeconds).toBeCloseTo(3, 1);
    expect(record.video).toEqual([]);
  });

  test("loudness for the web, within half a unit", async () => {
    const cuts = [{ startSeconds: 0, endSeconds: 5 }];
    const attempt = await make("walk.mp4", { audio: { loudness: { integratedLufs: -16 }, cuts } });
    expect(Math.abs(integratedLufs(attempt.pathOf("made.m4a")) + 16)).toBeLessThanOrEqual(0.5);
  });

  test("a waveform as peaks and as a picture", async () => {
    const attempt = await make("walk.mp4", {
      audio: { codec: "mp3", waveform: { png: true, samplesPerPixel: 480, width: 400, height: 100 } },
    });
    expect(attempt.files).toEqual(["made.mp3", "made.waveform.json", "made.waveform.png"]);
    const peaks = JSON.parse(readFileSync(attempt.pathOf("made.waveform.json"), "utf8"));
    expect(peaks).toMatchObject({ version: 2, bits: 8, sample_rate: 48_000, samples_per_pixel: 480 });
    expect(peaks.length).toBeGreaterThanOrEqual(1000);
    expect(peaks.data).toHaveLength(peaks.length * 2);
    expect(Math.max(...peaks.data)).toBeGreaterThan(20);
    expect(await sharp(attempt.pathOf("made.waveform.png")).metadata()).toMatchObject({
      width: 400,
      height: 100,
    });
  });

  test("a picture and a text have no sound", async () => {
    const attempt = await workshop.attemptAll(["still.png", "text.mp4"], [{ name: "made", audio: {} }]);
    expect(attempt.result.failures).toMatchObject(
      ["still-png", "text-mp4"].map((source) => ({ source, class: "input", reason: "UnsupportedFormat" })),
    );
    expect(attempt.files).toEqual([]);
  });
});

describe("frames", () => {
  test("a poster is one picture of the source's size", async () => {
    const attempt = await make("walk.mp4", { frames: {} });
    expect(attempt.files).toEqual(["made.jpg"]);
    expect(await sharp(attempt.pathOf("made.jpg")).metadata()).toMatchObject({
      format: "jpeg",
      width: 1280,
      height: 720,
    });
  });

  const pixels = (path: string) => sharp(path).raw().toBuffer();
  /** The picture of the plain clip with this number, as raw pixels. */
  const pictureOf = (number: number) => {
    const wanted = join(workshop.root, `wanted-${number}.png`);
    const select = ["-vf", `select=eq(n\\,${number})`, "-frames:v", "1", "-pix_fmt", "rgb24"];
    ffmpeg("-i", join(workshop.sources, "plain.mp4"), ...select, wanted);
    return pixels(wanted);
  };

  test("an exact frame is the very frame", async () => {
    const attempt = await make("plain.mp4", { frames: { atSeconds: [1.32], exact: true, format: "png" } });
    expect((await pixels(attempt.pathOf("made.png"))).equals(await pictureOf(33))).toBe(true);
  });

  test("any other is the keyframe before its time, however long before, from every container", async () => {
    const sources = ["plain.mp4", "plain.mkv"];
    ffmpeg("-i", join(workshop.sources, "plain.mp4"), "-c", "copy", join(workshop.sources, "plain.mkv"));
    const attempt = await workshop.attemptAll(sources, [
      { name: "poster", frames: { format: "png" } },
      { name: "late", frames: { atSeconds: [1.3], format: "png" } },
    ]);
    expect(attempt.result.failures).toEqual([]);
    expect(attempt.files).toHaveLength(4);
    const only = await pictureOf(0);
    for (const file of attempt.files) expect((await pixels(attempt.pathOf(file))).equals(only)).toBe(true);
  });

  test("sprites: every cue of the track lies on a sheet that is there", async () => {
    const attempt = await make("long.mp4", {
      frames: { count: 10, width: 160, layout: "Sprite", columns: 3 },
    });
    expect(attempt.files).toEqual(["made-001.jpg", "made-002.jpg", "made.vtt"]);
    const track = readFileSync(attempt.pathOf("made.vtt"), "utf8");
    const cues = [...track.matchAll(/^(made-\d+\.jpg)#xywh=(\d+),(\d+),160,90$/gm)];
    expect(cues).toHaveLength(10);
    for (const [, sheet = "", x, y] of cues) {
      const { width, height } = await sharp(attempt.pathOf(sheet)).metadata();
      expect(Number(x) + 160).toBeLessThanOrEqual(width);
      expect(Number(y) + 90).toBeLessThanOrEqual(height);
    }
  });

  const SHEETS = [
    {
      name: "a contact sheet",
      frames: { count: 6, width: 160, layout: "ContactSheet", columns: 3 },
      expected: { format: "jpeg", width: 480, height: 180 },
    },
    {
      name: "an animated preview",
      frames: { count: 6, width: 160, layout: "Animation", format: "webp", exact: true },
      expected: { format: "webp", width: 160, pages: 6 },
    },
    {
      name: "an animated preview for mail",
      frames: { count: 3, width: 64, layout: "Animation", format: "gif", frameSeconds: 0.2 },
      expected: { format: "gif", width: 64, pages: 3, delay: [200, 200, 200] },
    },
  ];

  describe("of a clip", () => {
    let sheets: Attempt;
    beforeAll(async () => {
      sheets = await workshop.attemptAll(
        ["long.mp4"],
        SHEETS.map(({ frames }, index) => ({ name: `sheet-${index}`, frames })),
      );
    });

    test.each(SHEETS)("$name", async ({ name, expected }) => {
      expect(sheets.result.failures).toEqual([]);
      const index = SHEETS.findIndex((sheet) => sheet.name === name);
      const files = sheets.files.filter((file) => file.startsWith(`sheet-${index}-`));
      expect(files).toHaveLength(1);
      expect(await sharp(sheets.pathOf(files[0] ?? "")).metadata()).toMatchObject(expected);
    });
  });

  test("scenes begin where the picture changes", async () => {
    ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "color=red:s=160x90:d=1",
      "-f",
      "lavfi",
      "-i",
      "color=blue:s=160x90:d=1",
      "-filter_complex",
      "[0][1]concat",
      join(workshop.sources, "cut.mp4"),
    );
    const attempt = await make("cut.mp4", { frames: { sceneChanges: {} } });
    const colors = await Promise.all(
      attempt.files.map(async (file) =>
        (await sharp(attempt.pathOf(file)).stats()).channels.map(({ mean }) => Math.round(mean / 255)),
      ),
    );
    expect(colors).toEqual([
      [1, 0, 0],
      [0, 0, 1],
    ]);
  });

  test("sound has no frames", async () => {
    ffmpeg("-i", WALK, "-vn", join(workshop.sources, "sound.mp3"));
    const attempt = await workshop.attempt("sound.mp3", { frames: {} });
    expect(attempt.result.failure).toMatchObject({ class: "input", reason: "NoVideoStream" });
  });
});

describe("metadata", () => {
  let described: Attempt;
  beforeAll(async () => {
    const at = (name: string) => join(workshop.sources, name);
    const uneven = ["-vf", "select='not(mod(n\\,3))+gt(random(0)\\,0.5)'", "-fps_mode", "vfr", "-an"];
    ffmpeg("-i", at("plain.mp4"), ...uneven, at("varying.mp4"));
    ffmpeg("-i", WALK, "-vn", at("only.flac"));
    const files = ["varying.mp4", "still.png", "only.flac", "text.mp4"];
    described = await workshop.attemptAll(files, [{ name: "about", metadata: {} }]);
  });
  const found = (source: string) =>
    JSON.parse(readFileSync(described.pathOf(`about-${source}.json`), "utf8"));

  test("a video, with what its packets tell", async () => {
    const attempt = await make("walk.mp4", { metadata: { detail: "Full", checksum: true } });
    expect(attempt.files).toEqual(["made.json"]);
    expect(JSON.parse(readFileSync(attempt.pathOf("made.json"), "utf8"))).toMatchObject({
      kind: "video",
      source: { name: "source", fileName: "walk.mp4", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      media: {
        container: "mov",
        video: [
          { codec: "h264", width: 1280, height: 720, dynamicRange: "SDR", color: { primaries: "bt709" } },
        ],
      },
      timeline: {
        complete: true,
        packets: 250,
        measuredSeconds: 10,
        variableFrameRate: false,
        longestGroup: 50,
      },
      assessment: { supported: true, editorialFriendly: false, warnings: [{ reason: "LongGop" }] },
    });
  });

  test("a varying frame rate is found in the packets", () => {
    const { timeline, assessment } = found("varying-mp4");
    expect(timeline.variableFrameRate).toBe(true);
    expect(assessment.warnings.map(({ reason }: { reason: string }) => reason)).toContain(
      "VariableFrameRate",
    );
  });

  test("a picture, and sound", () => {
    expect(found("still-png")).toMatchObject({
      kind: "image",
      picture: { format: "png", width: 1280, height: 720 },
    });
    expect(found("only-flac")).toMatchObject({ kind: "audio", media: { audio: [{ codec: "flac" }] } });
  });

  test("text is nothing", () => {
    expect(described.result.failures).toMatchObject([
      { source: "text-mp4", class: "input", reason: "UnsupportedFormat" },
    ]);
  });
});

describe("stream", () => {
  const shown = (path: string, ...entries: string[]) =>
    JSON.parse(
      execFileSync("ffprobe", ["-v", "error", "-of", "json", ...entries, path], { encoding: "utf8" }),
    );

  test("HLS and DASH over the same files, aligned, nothing above the source", async () => {
    clip(join(workshop.sources, "wide.mp4"), { size: "640x360", seconds: 5 });
    const attempt = await make("wide.mp4", { stream: { preset: "ultrafast", segmentSeconds: 2 } });
    expect(attempt.files).toEqual(
      [
        "audio-0.m3u8",
        "audio-0.mp4",
        "manifest.mpd",
        "master.m3u8",
        ...["240p", "360p"].flatMap((name) => [
          `video-${name}-iframes.m3u8`,
          `video-${name}.m3u8`,
          `video-${name}.mp4`,
        ]),
      ].map((name) => `made/${name}`),
    );
    for (const manifest of ["made/master.m3u8", "made/manifest.mpd"]) {
      const { streams, format } = shown(attempt.pathOf(manifest), "-show_streams", "-show_format");
      const heights = new Set(streams.flatMap(({ height }: { height?: number }) => height ?? []));
      expect([...heights].sort()).toEqual([240, 360]);
      expect(Number(format.duration)).toBeCloseTo(5, 1);
    }
    const keyframes = ["240p", "360p"].map((name) =>
      shown(
        attempt.pathOf(`made/video-${name}.mp4`),
        "-select_streams",
        "v",
        "-skip_frame",
        "nokey",
        "-show_entries",
        "frame=pts_time",
      ).frames.map(({ pts_time }: { pts_time: string }) => Number(pts_time)),
    );
    expect(keyframes[0]).toEqual([0, 2, 4]);
    expect(keyframes[1]).toEqual(keyframes[0]);
  });

  test("picture and sound stay together to a millisecond in a stream", async () => {
    // A white flash and a beep at 1 s; where they begin is measured again in the finished stream.
    ffmpeg(
      ...[
        "-f",
        "lavfi",
        "-i",
        "color=black:s=320x240:r=25:d=3",
        "-f",
        "lavfi",
        "-i",
        "sine=f=1000:r=48000:d=3",
      ],
      ...[
        "-filter_complex",
        "[0]drawbox=c=white:t=fill:enable='between(t,1,1.2)'[v];[1]volume=0:enable='not(between(t,1,1.2))'[a]",
      ],
      ...[
        "-map",
        "[v]",
        "-map",
        "[a]",
        "-c:v",
        "libx264",
        "-c:a",
        "pcm_s16le",
        join(workshop.sources, "flash.mov"),
      ],
    );
    const attempt = await make("flash.mov", {
      stream: { preset: "ultrafast", segmentSeconds: 2, protocols: ["hls"] },
    });
    expect(flashSeconds(attempt.pathOf("made/video-240p.mp4"))).toBeCloseTo(1, 3);
    const source = beepSeconds(join(workshop.sources, "flash.mov"));
    expect(Math.abs(beepSeconds(attempt.pathOf("made/audio-0.mp4")) - source)).toBeLessThan(0.001);
  });

  test("languages and explicit renditions, without those above the source", async () => {
    ffmpeg(
      "-i",
      join(workshop.sources, "plain.mp4"),
      "-map",
      "0:v",
      "-map",
      "0:a",
      "-map",
      "0:a",
      "-metadata:s:a:0",
      "language=eng",
      "-metadata:s:a:1",
      "language=deu",
      "-c",
      "copy",
      join(workshop.sources, "two.mp4"),
    );
    const attempt = await make("two.mp4", {
      stream: {
        preset: "ultrafast",
        codec: "h265",
        protocols: ["hls"],
        ladder: "Explicit",
        renditions: [
          { height: 120, bitrateKbps: 200 },
          { height: 720, bitrateKbps: 900 },
        ],
      },
    });
    const master = readFileSync(attempt.pathOf("made/master.m3u8"), "utf8");
    expect([...master.matchAll(/LANGUAGE="(\w+)"/g)].map(([, language]) => language)).toEqual(["en", "de"]);
    expect(master).toMatch(/CODECS="hvc1\.1\.\S+,mp4a\.40\.2",RESOLUTION=214x120/);
    expect(attempt.result.warnings).toMatchObject([{ reason: "RenditionLeftOut" }]);
  });

  test("a portrait without sound", async () => {
    clip(join(workshop.sources, "portrait.mp4"), { size: "360x640", audio: ["-an"] });
    const attempt = await make("portrait.mp4", { stream: { preset: "ultrafast", protocols: ["dash"] } });
    expect(attempt.files).toEqual(["made/manifest.mpd", "made/video-240p.mp4", "made/video-360p.mp4"]);
    expect(readFileSync(attempt.pathOf("made/manifest.mpd"), "utf8")).toContain('width="240" height="426"');
  });

  test("a source that ends early makes no stream", async () => {
    const whole = join(workshop.root, "whole.mkv");
    ffmpeg("-i", join(workshop.sources, "long.mp4"), "-c", "copy", whole);
    workshop.write("cut.mkv", readFileSync(whole).subarray(0, statSync(whole).size / 2));
    const attempt = await workshop.attempt("cut.mkv", { stream: { preset: "ultrafast" } });
    expect(attempt.result.failure).toMatchObject({ reason: "SourceTruncated" });
    expect(attempt.files).toEqual([]);
  });
});

/** When the first frame that is white is shown. */
function flashSeconds(path: string): number {
  const text = execFileSync(
    "sh",
    [
      "-c",
      'ffmpeg -v info -nostdin -i "$1" -vf "signalstats,metadata=print:file=-" -f null - 2>/dev/null',
      "sh",
      path,
    ],
    { encoding: "utf8" },
  );
  const frames = [...text.matchAll(/pts_time:([\d.]+)[\s\S]*?YAVG=([\d.]+)/g)];
  return Number(frames.find(([, , luma]) => Number(luma) > 128)?.[1]);
}

/** When the first loud sample is heard, by the file's own clock, as a player keeps it. */
function beepSeconds(path: string): number {
  const pcm = execFileSync(
    "ffmpeg",
    [
      "-v",
      "error",
      "-nostdin",
      "-copyts",
      "-i",
      path,
      "-af",
      "aresample=async=1:first_pts=0",
      "-ac",
      "1",
      "-ar",
      "48000",
      "-f",
      "s16le",
      "-",
    ],
    { maxBuffer: 2 ** 26 },
  );
  for (let at = 0; at + 1 < pcm.length; at += 2)
    if (Math.abs(pcm.readInt16LE(at)) > 1500) return at / 2 / 48_000;
  return Number.NaN;
}
