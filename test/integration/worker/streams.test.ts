import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clip, ffmpeg } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** Adaptive streams as the real worker makes them, measured with ffprobe. */

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
});
afterAll(() => workshop.remove());

const stream = async (file: string, wish: Record<string, unknown> = {}): Promise<Attempt> => {
  const attempt = await workshop.attempt(file, {
    stream: { preset: "ultrafast", segmentSeconds: 2, ...wish },
  });
  expect(attempt.result.failures).toEqual([]);
  return attempt;
};

const textOf = (attempt: Attempt, name: string) => readFileSync(attempt.pathOf(`made/${name}`), "utf8");

/** What a playlist's segments last together. */
const lengthOf = (playlist: string): number =>
  [...playlist.matchAll(/EXTINF:([\d.]+)/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);

const probed = (path: string, ...entries: string[]) =>
  JSON.parse(
    execFileSync("ffprobe", ["-v", "error", "-of", "json", ...entries, path], {
      encoding: "utf8",
      maxBuffer: 2 ** 26,
    }),
  );

test("a stream lasts as long as its sound does, and its last picture is held until then", async () => {
  const pictures = ["-f", "lavfi", "-i", "testsrc2=s=426x240:r=25:d=2"];
  const sound = ["-f", "lavfi", "-i", "sine=r=48000:d=5"];
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"];
  ffmpeg(...pictures, ...sound, ...codecs, join(workshop.sources, "song.mp4"));
  const made = await stream("song.mp4", { thumbnails: { everySeconds: 1 } });
  const [, seconds] = /mediaPresentationDuration="PT([\d.]+)S"/.exec(textOf(made, "manifest.mpd")) ?? [];
  expect(Number(seconds)).toBeCloseTo(5, 1);
  expect(lengthOf(textOf(made, "video-240p.m3u8"))).toBeCloseTo(5, 1);
  expect(textOf(made, "thumbnails.vtt").match(/-->/g)).toHaveLength(5);
  expect(made.result.warnings).toEqual([]);
});

test("a sound that ends early is silent until the pictures end, where players would wait for more of it", async () => {
  const pictures = ["-f", "lavfi", "-i", "testsrc2=s=426x240:r=25:d=6"];
  const sounds = [2, 6].flatMap((seconds) => ["-f", "lavfi", "-i", `sine=r=48000:d=${seconds}`]);
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"];
  const maps = ["-map", "0", "-map", "1", "-map", "2"];
  ffmpeg(...pictures, ...sounds, ...maps, ...codecs, join(workshop.sources, "comment.mp4"));
  const made = await stream("comment.mp4");
  expect(made.result.warnings).toEqual([]);
  for (const name of ["audio-0", "audio-1", "video-240p"]) {
    expect(lengthOf(textOf(made, `${name}.m3u8`)), name).toBeCloseTo(6, 1);
  }
});

test("silence that cannot be levelled is told of, and hardware that is not used", async () => {
  const pictures = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=2"];
  const silence = ["-f", "lavfi", "-i", "anullsrc=r=48000", "-t", "2"];
  ffmpeg(...pictures, ...silence, "-c:v", "libx264", "-c:a", "aac", join(workshop.sources, "silent.mp4"));
  const limits = { cpu: 2, memoryBytes: 2 ** 31, scratchBytes: 2 ** 30, timeoutSeconds: 300 };
  const { result } = await workshop.attempt(
    "silent.mp4",
    { stream: { preset: "ultrafast", audio: { loudness: {} } } },
    { unit: { limits: { ...limits, stallSeconds: 300, encoder: "nvenc" } } },
  );
  expect(result).toMatchObject({
    failures: [],
    warnings: [
      { reason: "EncodedInSoftware", source: "source", output: "made" },
      { reason: "SilentTrack", source: "source", output: "made" },
    ],
  });
});

test("an attempt with more cores makes media and playlists that fit each other, and other manifests of them go", async () => {
  clip(join(workshop.sources, "again.mp4"), { size: "640x360" });
  const renditions = [{ height: 360, bitrateKbps: 800 }];
  const wish = {
    stream: { preset: "medium", segmentSeconds: 1, protocols: ["hls"], ladder: "Explicit", renditions },
  };
  const attempt = (number: number, cpu: number) =>
    workshop.attempt("again.mp4", wish, {
      out: "again",
      unit: {
        attempt: number,
        limits: {
          cpu,
          memoryBytes: 2 ** 31,
          scratchBytes: 2 ** 30,
          timeoutSeconds: 300,
          stallSeconds: 300,
        },
      },
    });
  const first = await attempt(1, 2);
  // as if it had been killed before its playlists
  for (const file of first.files.filter((name) => !name.endsWith(".mp4"))) rmSync(first.pathOf(file));
  // and an earlier stream had been for both protocols
  for (const file of ["manifest.mpd", "notes.txt"]) writeFileSync(first.pathOf(`made/${file}`), "old");
  const second = await attempt(2, 8);
  expect(second.result.failures).toEqual([]);
  const [, bytes, from] = /.*BYTERANGE:(\d+)@(\d+)/s.exec(textOf(second, "video-360p.m3u8")) ?? [];
  const end = Number(from) + Number(bytes);
  // what follows the last fragment is an index of them all
  const film = readFileSync(second.pathOf("made/video-360p.mp4"));
  expect(film.toString("latin1", end + 4, end + 8)).toBe("mfra");
  expect(second.files.filter((name) => name.endsWith(".mpd"))).toEqual([]);
  expect(textOf(second, "notes.txt")).toBe("old");
});

describe("encryption", () => {
  const KEY = "8f14e45fceea167a5a36dedd4bea2543";
  const encryption = (method: string, key = "key") => ({
    method,
    keySecretRef: { name: "film", key },
    keyUri: "https://keys.test/film",
  });
  const attempt = (wish: Record<string, unknown>, during?: (scratch: string) => void) =>
    workshop.attempt(
      "short.mp4",
      { stream: { preset: "ultrafast", segmentSeconds: 1, ...wish } },
      {
        environment: { MEDIAJOB_SECRETS: JSON.stringify({ film: join(workshop.root, "film") }) },
        ...(during && { during: (_, scratch) => during(scratch) }),
      },
    );
  beforeAll(() => {
    clip(join(workshop.sources, "short.mp4"), { size: "426x240" });
    mkdirSync(join(workshop.root, "film"));
    writeFileSync(join(workshop.root, "film/key"), `${KEY}\n`);
  });

  test("cbcs: the key opens every picture, and stands in nothing that is written", async () => {
    const made = await attempt({ encryption: encryption("cbcs") });
    expect(made.result.failures).toEqual([]);
    const video = made.pathOf("made/video-240p.mp4");
    const log = (...options: string[]) =>
      spawnSync("ffmpeg", ["-v", "error", "-nostdin", ...options, "-i", video, "-f", "null", "-"], {
        encoding: "utf8",
      }).stderr;
    expect(log("-decryption_key", KEY)).toBe("");
    expect(log()).not.toBe("");
    const { packets } = probed(video, "-count_packets", "-show_entries", "packet=pts_time");
    expect(packets).toHaveLength(50);
    // The encoder's delay is still before the start, where the edit list puts it: 1024 samples of 48 kHz.
    const sound = probed(made.pathOf("made/audio-0.mp4"), "-show_entries", "packet=pts_time");
    expect(Number(sound.packets[0].pts_time)).toBeCloseTo(-1024 / 48_000, 5);
    const written = [
      made.stderr,
      JSON.stringify(made.result),
      ...["master.m3u8", "video-240p.m3u8", "manifest.mpd"].map((name) => textOf(made, name)),
    ].join("\n");
    expect(written).not.toContain(KEY);
    const holders = execFileSync("grep", ["-rl", KEY, workshop.root], { encoding: "utf8" });
    expect(holders.trim()).toBe(join(workshop.root, "film/key"));
  });

  test("cbcs keeps nothing of the film in scratch, which is small beside it", async () => {
    const written = new Set<string | null>();
    const made = await attempt({ encryption: encryption("cbcs") }, (scratch) => {
      watch(scratch, (_, name) => written.add(name)).unref();
    });
    expect(made.result.failures).toEqual([]);
    expect([...written].filter((name) => name?.startsWith("packager"))).toEqual(["packager-flags"]);
  });

  test("AES-128 is for HLS: segments that are whole blocks, and no pictures for winding", async () => {
    const made = await attempt({ protocols: ["hls"], encryption: encryption("AES-128") });
    expect(made.result.failures).toEqual([]);
    const playlist = textOf(made, "video-240p.m3u8");
    expect(playlist).toContain('#EXT-X-KEY:METHOD=AES-128,URI="https://keys.test/film"');
    const sizes = [...playlist.matchAll(/BYTERANGE:(\d+)@/g)].map(([, bytes]) => Number(bytes) % 16);
    expect(sizes).toEqual([0, 0]);
    expect(textOf(made, "master.m3u8")).not.toContain("I-FRAME");
  });

  test("a Secret without the key is told with its name, and makes nothing", async () => {
    const made = await attempt({ encryption: encryption("cbcs", "other") });
    expect(made.result.failures).toMatchObject([
      {
        class: "config",
        reason: "SecretMissing",
        message: expect.stringContaining("the key other of the Secret film cannot be read"),
      },
    ]);
    expect(made.files).toEqual([]);
  });

  const part = { index: 0, count: 2, startSeconds: 0, endSeconds: 1 };
  test.each([
    { name: "the stream", unit: {} },
    { name: "a part of it", unit: { name: "part-0", part } },
  ])("a Secret without the key is told before $name takes its time", async ({ unit }) => {
    workshop.write("no-film.mp4", "what would be told of, were it read");
    const wish = { encryption: encryption("cbcs", "other") };
    const made = await workshop.attempt("no-film.mp4", { stream: wish }, { unit });
    expect(made.result.failures).toMatchObject([{ reason: "SecretMissing" }]);
  });
});

describe("what belongs to a stream beside pictures and sound", () => {
  let attempt: Attempt;
  beforeAll(async () => {
    const texts = { eng: "Hello", deu: "Grüße" };
    for (const [language, text] of Object.entries(texts)) {
      writeFileSync(
        join(workshop.root, `${language}.srt`),
        `1\n00:00:00,500 --> 00:00:01,500\n<i>${text}</i>\n\n2\n00:00:03,000 --> 00:00:04,000\n${text} <3 & again\n`,
      );
    }
    const plain = clip(join(workshop.root, "plain.mp4"), { size: "640x360", seconds: 5 });
    ffmpeg(
      ...["-i", plain, "-i", join(workshop.root, "eng.srt"), "-i", join(workshop.root, "deu.srt")],
      ...["-map", "0", "-map", "1", "-map", "2", "-c", "copy", "-c:s", "mov_text"],
      ...["-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=deu"],
      join(workshop.sources, "texts.mp4"),
    );
    attempt = await stream("texts.mp4", { thumbnails: { everySeconds: 2, width: 96 } });
  });

  test("subtitles are WebVTT, named by both manifests", () => {
    expect(textOf(attempt, "subtitles-1-deu.vtt")).toBe(
      "WEBVTT\n\n00:00.500 --> 00:01.500\n<i>Grüße</i>\n\n00:03.000 --> 00:04.000\nGrüße &lt;3 &amp; again\n",
    );
    expect(textOf(attempt, "master.m3u8")).toContain(
      'TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="deu",LANGUAGE="de"',
    );
    expect(textOf(attempt, "manifest.mpd")).toContain("<BaseURL>subtitles-0-eng.vtt</BaseURL>");
  });

  test("the playlists for winding name byte ranges that hold one whole keyframe each", () => {
    const playlist = textOf(attempt, "video-240p-iframes.m3u8");
    const media = readFileSync(attempt.pathOf("made/video-240p.mp4"));
    const [, initBytes] = /MAP:.*BYTERANGE="(\d+)@0"/.exec(playlist)?.map(Number) ?? [];
    const ranges = [...playlist.matchAll(/BYTERANGE:(\d+)@(\d+)/g)].map((range) => range.map(Number));
    expect(ranges).toHaveLength(3);
    for (const [at, [, bytes = 0, offset = 0]] of ranges.entries()) {
      const path = join(workshop.root, `keyframe-${at}.mp4`);
      writeFileSync(
        path,
        Buffer.concat([media.subarray(0, initBytes), media.subarray(offset, offset + bytes)]),
      );
      const { frames } = probed(path, "-show_entries", "frame=pict_type,pts_time,width");
      expect(frames).toMatchObject([{ pict_type: "I", width: 426 }]);
      expect(Number(frames[0].pts_time)).toBeCloseTo(at * 2, 2);
    }
  });

  test("thumbnails show the moments that their track names", async () => {
    expect(textOf(attempt, "thumbnails.vtt")).toBe(
      [
        "WEBVTT",
        "00:00:00.000 --> 00:00:02.000\nthumbnails-001.jpg#xywh=0,0,96,54",
        "00:00:02.000 --> 00:00:04.000\nthumbnails-001.jpg#xywh=96,0,96,54",
        "00:00:04.000 --> 00:00:05.000\nthumbnails-001.jpg#xywh=192,0,96,54\n",
      ].join("\n\n"),
    );
    const sheet = sharp(attempt.pathOf("made/thumbnails-001.jpg"));
    expect(await sheet.metadata()).toMatchObject({ format: "jpeg", width: 288, height: 54 });
    for (const [at, seconds] of [0, 2, 4].entries()) {
      const cell = await pixels(sheet.clone().extract({ left: at * 96, top: 0, width: 96, height: 54 }));
      // Which moment it is: the test picture moves all the time, so frames nearby are less alike.
      const moments = [seconds, seconds + 0.2, seconds + 0.5, seconds + 0.96];
      const differences: number[] = [];
      for (const moment of moments) differences.push(difference(cell, await frameAt(moment)));
      expect(differences.indexOf(Math.min(...differences)), `the moment of the cell at ${seconds} s`).toBe(0);
    }
    expect(textOf(attempt, "manifest.mpd")).toContain('thumbnail_tile" value="3x1"');
  });

  const pixels = (picture: Sharp) => picture.removeAlpha().raw().toBuffer();

  const difference = (one: Buffer, other: Buffer) =>
    one.reduce((sum, value, index) => sum + Math.abs(value - (other[index] ?? 0)), 0) / one.length;

  /** The source's frame, as large as a thumbnail. */
  function frameAt(seconds: number): Promise<Buffer> {
    const path = join(workshop.root, `moment-${seconds}.png`);
    ffmpeg(
      ...["-i", join(workshop.sources, "texts.mp4"), "-ss", `${seconds}`, "-frames:v", "1"],
      ...["-vf", "scale=96:54:flags=area", path],
    );
    return pixels(sharp(path));
  }
});
