import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startsFast, walkBoxes } from "../../../worker-image/probe/box-walk.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg, integratedLufs, similarity } from "./clips.ts";
import { Workshop } from "./worker-attempt.ts";

/** The video engine as the real worker process runs it, with real ffmpeg. */

const WALK = resolve(import.meta.dirname, "../../../examples/media/walk.mp4");
const fast = { preset: "ultrafast" };

let workshop: Workshop;
let plain: string;
beforeAll(() => {
  workshop = new Workshop();
  plain = join(workshop.sources, "plain.mp4");
  clip(plain, { more: ["-movflags", "+faststart"] });
});
afterAll(() => workshop.remove());

const make = async (file: string, video: Record<string, unknown>) => {
  const attempt = await workshop.attempt(file, { video: { ...fast, ...video } });
  expect(attempt.result.failures).toEqual([]);
  expect(attempt.exitCode).toBe(0);
  const [name = ""] = attempt.files;
  return { attempt, path: attempt.pathOf(name), record: await probe(attempt.pathOf(name)) };
};

test("the example clip becomes a 480p rendition that looks like it", async () => {
  workshop.add(WALK);
  const { attempt, path, record } = await make("walk.mp4", { height: 480, preset: "fast", crf: 23 });
  expect(attempt.files).toEqual(["made.mp4"]);
  expect(record).toMatchObject({
    video: [{ codec: "h264", width: 854, height: 480, pixelFormat: "yuv420p", frames: 250 }],
    audio: [{ codec: "aac", channels: 2, sampleRate: 48_000 }],
  });
  expect(record.durationSeconds).toBeCloseTo(10, 1);
  expect(startsFast(await walkBoxes(path))).toBe(true);
  expect(similarity(path, WALK, "scale=854:480:flags=lanczos")).toBeGreaterThan(0.95);
  expect(attempt.result.outputs[0]).toMatchObject({
    phase: "Succeeded",
    format: "h264",
    width: 854,
    height: 480,
  });
});

describe("codecs and containers", () => {
  test.each([
    {
      codec: "h265",
      container: "mov",
      expected: { video: [{ codec: "hevc", codecTag: "hvc1" }], audio: [{ codec: "aac" }] },
    },
    {
      codec: "vp9",
      container: "webm",
      expected: { container: "matroska", video: [{ codec: "vp9" }], audio: [{ codec: "opus" }] },
    },
    { codec: "av1", container: "mkv", expected: { video: [{ codec: "av1" }] } },
    {
      codec: "prores",
      container: "mov",
      preset: undefined,
      profile: "lt",
      expected: {
        video: [{ codec: "prores", profile: "LT", pixelFormat: "yuv422p10le" }],
        audio: [{ codec: "pcm_s24le" }],
      },
    },
    {
      codec: "dnxhr",
      container: "mov",
      preset: undefined,
      profile: "hqx",
      expected: { video: [{ codec: "dnxhd", profile: "DNXHR HQX", pixelFormat: "yuv422p10le" }] },
    },
    {
      codec: "copy",
      container: "mkv",
      preset: undefined,
      expected: { video: [{ codec: "h264" }], audio: [{ codec: "aac" }] },
    },
  ])("$codec in $container", async ({ expected, ...video }) => {
    const { record } = await make("plain.mp4", video);
    expect(record).toMatchObject(expected);
    expect(record.durationSeconds).toBeCloseTo(2, 0);
  });

  test.each([{ codec: "h264" }, { codec: "h265" }, { codec: "vp9", container: "webm" }])(
    "two passes meet the bitrate: $codec",
    async (video) => {
      const { record } = await make("plain.mp4", {
        ...video,
        bitrateKbps: 400,
        twoPass: true,
        audio: { codec: "none" },
      });
      expect((record.bitrate ?? 0) / 1000).toBeGreaterThan(300);
      expect((record.bitrate ?? 0) / 1000).toBeLessThan(520);
    },
  );

  test("a target size is met", async () => {
    const { attempt } = await make("walk.mp4", { height: 240, targetBytes: 400_000 });
    expect(attempt.result.outputs[0]?.bytes).toBeGreaterThan(360_000);
    expect(attempt.result.outputs[0]?.bytes).toBeLessThan(420_000);
  });
});

describe("pictures", () => {
  test("a phone's turned clip is upright, its pixels and not only its tag", async () => {
    ffmpeg("-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90", join(workshop.sources, "turned.mp4"));
    const { record } = await make("turned.mp4", {});
    expect(record.video[0]).toMatchObject({ storedWidth: 180, storedHeight: 320, rotation: 0 });
  });

  test("interlaced pictures become whole frames", async () => {
    clip(join(workshop.sources, "fields.mov"), {
      size: "720x576",
      video: [
        "-vf",
        "tinterlace=4,setfield=tff",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-flags",
        "+ildct+ilme",
        "-pix_fmt",
        "yuv420p",
      ],
    });
    expect((await probe(join(workshop.sources, "fields.mov"))).video[0]?.fieldOrder).toBe("TopFieldFirst");
    const { record } = await make("fields.mov", {});
    expect(record.video[0]?.fieldOrder).toBe("Progressive");
  });

  test("HDR is mapped to BT.709, or kept with its mastering display", async () => {
    clip(join(workshop.sources, "hdr.mp4"), {
      video: [
        ...["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"],
        ...[
          "-color_primaries",
          "bt2020",
          "-color_trc",
          "smpte2084",
          "-colorspace",
          "bt2020nc",
          "-x265-params",
        ],
        "log-level=error:hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400",
      ],
    });
    const mapped = await make("hdr.mp4", {});
    expect(mapped.record.video[0]).toMatchObject({
      bitDepth: 8,
      dynamicRange: "SDR",
      color: { transfer: "bt709", primaries: "bt709", matrix: "bt709" },
    });
    const kept = await make("hdr.mp4", { codec: "h265", dynamicRange: "Source" });
    expect(kept.record.video[0]).toMatchObject({
      bitDepth: 10,
      dynamicRange: "HDR10",
      mastering: { maxContentLight: 1000, display: { maxLuminance: 1000 } },
    });
  });

  test.each([
    { name: "cover cuts", video: { width: 100, height: 100, fit: "cover" }, expected: [100, 100] },
    { name: "contain adds bars", video: { width: 640, height: 640, fit: "contain" }, expected: [640, 640] },
    { name: "nothing grows", video: { height: 720 }, expected: [320, 180] },
    { name: "unless it is asked for", video: { height: 360, enlarge: true }, expected: [640, 360] },
    {
      name: "cropped, turned and mirrored",
      video: { crop: { left: 20, top: 10, width: 200, height: 100 }, rotate: 90, flip: "Vertical" },
      expected: [100, 200],
    },
    {
      name: "denoised and sharpened",
      video: { denoise: "Strong", sharpen: 1, deinterlace: "Always" },
      expected: [320, 180],
    },
  ])("$name", async ({ video, expected }) => {
    const { record } = await make("plain.mp4", video);
    expect([record.video[0]?.storedWidth, record.video[0]?.storedHeight]).toEqual(expected);
  });
});

describe("time", () => {
  test.each([
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
  ])("$name", async ({ video, frames, ...expected }) => {
    const { record } = await make("plain.mp4", video);
    expect(record.video[0]?.frames).toBe(frames);
    if ("rate" in expected) expect(record.video[0]?.frameRate).toEqual(expected.rate);
  });

  test("a cut shows the very frame that was asked for", async () => {
    const { path } = await make("plain.mp4", { cuts: [{ startSeconds: 1 }], crf: 10 });
    expect(similarity(path, plain, "trim=start_frame=25,setpts=PTS-STARTPTS")).toBeGreaterThan(0.97);
  });

  test("a proxy keeps timecode, reel, rate and channels", async () => {
    clip(join(workshop.sources, "camera.mov"), {
      more: ["-timecode", "10:00:00:00", "-metadata:s:v:0", "reel_name=A001C002"],
    });
    const { record } = await make("camera.mov", {
      codec: "prores",
      profile: "proxy",
      container: "mov",
      preset: undefined,
      cuts: [{ startSeconds: 1 }],
    });
    expect(record).toMatchObject({
      timecode: "10:00:01:00",
      reelName: "A001C002",
      video: [{ frameRate: { num: 25, den: 1 } }],
      audio: [{ channels: 1 }],
    });
  });
});

describe("sound", () => {
  test.each([
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
  ])("$name", async ({ audio, expected }) => {
    const { record } = await make("plain.mp4", { audio });
    expect(record.audio).toMatchObject(expected);
  });

  test("two languages of three keep their order and their tags", async () => {
    const list = ["eng", "deu", "fra"].flatMap((language, index) => [
      "-map",
      "0:a",
      `-metadata:s:a:${index}`,
      `language=${language}`,
    ]);
    ffmpeg("-i", plain, "-map", "0:v", ...list, "-c", "copy", join(workshop.sources, "tracks.mp4"));
    const { record } = await make("tracks.mp4", { audio: { languages: ["fra", "eng"] } });
    expect(record.audio.map(({ language }) => language)).toEqual(["fra", "eng"]);
  });

  test("loudness is levelled to −23 LUFS within half a unit", async () => {
    ffmpeg("-i", WALK, "-af", "volume=-9dB", "-c:v", "copy", join(workshop.sources, "quiet.mp4"));
    const { path } = await make("quiet.mp4", { height: 120, audio: { loudness: {} } });
    expect(Math.abs(integratedLufs(path) + 23)).toBeLessThanOrEqual(0.5);
  });

  test("a source without sound makes an output without", async () => {
    ffmpeg("-i", plain, "-an", "-c", "copy", join(workshop.sources, "mute.mp4"));
    const { record } = await make("mute.mp4", {});
    expect(record.audio).toEqual([]);
  });
});

describe("a source that cannot be used", () => {
  const damaged = (change: (bytes: Buffer) => Buffer) => change(Buffer.from(readFileSync(plain)));
  const cases: { name: string; file: () => string; reason: string }[] = [
    { name: "missing", file: () => "absent.mp4", reason: "SourceNotFound" },
    { name: "empty", file: () => workshop.write("empty.mp4", ""), reason: "SourceEmpty" },
    {
      name: "text",
      file: () => workshop.write("text.mp4", "no video\n".repeat(50)),
      reason: "UnsupportedFormat",
    },
    {
      name: "zeros",
      file: () => workshop.write("zeros.mp4", Buffer.alloc(50_000)),
      reason: "UnsupportedFormat",
    },
    {
      name: "cut in the middle of the media",
      file: () =>
        workshop.write(
          "cut.mp4",
          damaged((bytes) => bytes.subarray(0, bytes.length / 2)),
        ),
      reason: "SourceTruncated",
    },
    {
      name: "cut before its index",
      file: () => {
        const path = join(workshop.sources, "late.mp4");
        clip(path);
        writeFileSync(path, readFileSync(path).subarray(0, 20_000));
        return "late.mp4";
      },
      reason: "SourceTruncated",
    },
    {
      name: "a Matroska file cut in the middle",
      file: () => {
        ffmpeg("-i", WALK, "-c", "copy", join(workshop.sources, "cut.mkv"));
        return workshop.write(
          "cut.mkv",
          readFileSync(join(workshop.sources, "cut.mkv")).subarray(0, 300_000),
        );
      },
      reason: "SourceTruncated",
    },
    {
      name: "sound only",
      file: () => from("-vn", "sound.mp3"),
      reason: "NoVideoStream",
    },
    {
      name: "sound with a cover picture",
      file: () => {
        ffmpeg("-i", plain, "-frames:v", "1", join(workshop.root, "cover.jpg"));
        ffmpeg(
          "-i",
          plain,
          "-i",
          join(workshop.root, "cover.jpg"),
          "-map",
          "0:a",
          "-map",
          "1",
          "-c:a",
          "libmp3lame",
          "-disposition:v",
          "attached_pic",
          join(workshop.sources, "cover.mp3"),
        );
        return "cover.mp3";
      },
      reason: "NoVideoStream",
    },
    {
      name: "a still picture",
      file: () => from("-frames:v", "1", "still.png"),
      reason: "UnsupportedFormat",
    },
    {
      name: "an HLS playlist named .mp4",
      file: () =>
        workshop.write(
          "hls.mp4",
          `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${plain}\n#EXT-X-ENDLIST\n`,
        ),
      reason: "UnsupportedFormat",
    },
    {
      name: "an ffconcat list named .mp4",
      file: () => workshop.write("concat.mp4", `ffconcat version 1.0\nfile ${plain}\n`),
      reason: "UnsupportedFormat",
    },
    {
      name: "a DASH manifest named .mp4",
      file: () =>
        workshop.write(
          "dash.mp4",
          `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation><BaseURL>${plain}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
        ),
      reason: "UnsupportedFormat",
    },
    {
      name: "an SDP text",
      file: () =>
        workshop.write(
          "sdp.mp4",
          "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        ),
      reason: "UnsupportedFormat",
    },
  ];
  test.each(cases)("$name: $reason, and nothing is left", async ({ file, reason }) => {
    const attempt = await workshop.attempt(file(), { video: fast });
    expect(attempt.result.failure).toMatchObject({ class: "input", reason, source: "source" });
    expect(attempt.exitCode).toBe(10);
    expect(attempt.files).toEqual([]);
  });

  test("damage in the middle is concealed and warned of", async () => {
    const bytes = Buffer.from(readFileSync(plain));
    const at = bytes.indexOf("mdat") + 60_000;
    for (let index = at; index < at + 3000; index++) bytes[index] = (index * 7919) % 256;
    workshop.write("damaged.mp4", bytes);
    const { attempt } = await make("damaged.mp4", {});
    expect(attempt.result.warnings).toMatchObject([{ reason: "SourceDamaged" }]);
  });

  test.each<{ name: string; file: string; list: string[]; frames?: number }>([
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
    { name: "VP8 in WebM", file: "a.webm", list: ["-c:v", "libvpx", "-c:a", "libvorbis"] },
    { name: "Theora in Ogg", file: "a.ogv", list: ["-c:v", "theora", "-c:a", "libvorbis"] },
    { name: "GIF", file: "a.gif", list: ["-c:v", "gif", "-an"] },
  ])("$name is read", async ({ file, list, frames }) => {
    ffmpeg("-i", plain, ...list, join(workshop.sources, file));
    const { record } = await make(file, { height: 90 });
    expect(record.video[0]).toMatchObject({ codec: "h264", pixelFormat: "yuv420p", height: 90 });
    if (frames !== undefined) expect(record.video[0]?.frames).toBe(frames);
  });

  test("frames above the limit are refused before they are decoded", async () => {
    ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "color=s=9000x9000:d=0.1:r=10",
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      join(workshop.sources, "huge.mp4"),
    );
    const attempt = await workshop.attempt("huge.mp4", { video: fast });
    expect(attempt.result.failure).toMatchObject({ class: "input", reason: "SourceTooLarge" });
  });

  test("a name of any bytes is only a name", async () => {
    const { attempt } = await make(workshop.add(plain, "-y http:ü \n'\".mp4"), {});
    expect(attempt.files).toEqual(["made.mp4"]);
  });
});

describe("what goes wrong around it", () => {
  test("a stop leaves nothing behind and is a disruption", async () => {
    ffmpeg("-stream_loop", "20", "-i", WALK, "-c", "copy", join(workshop.sources, "long.mp4"));
    const attempt = await workshop.attempt(
      "long.mp4",
      { video: { preset: "veryslow" } },
      { during: (kill) => setTimeout(() => kill("SIGTERM"), 3000) },
    );
    expect(attempt.result.failure).toMatchObject({ class: "disruption", reason: "Terminated" });
    expect(attempt.files).toEqual([]);
    expect(running(workshop.root)).toEqual([]);
  });

  test("a worker without ffmpeg says so", async () => {
    const attempt = await workshop.attempt(
      "plain.mp4",
      { video: fast },
      { environment: { PATH: "/nonexistent" } },
    );
    expect(attempt.result.failure).toMatchObject({ class: "config", reason: "EncoderMissing" });
  });

  // No machine of the tests has an accelerator: what is seen here is the check that finds none.
  test.each(["nvenc", "vaapi", "qsv"] as const)(
    "%s without its hardware is a failure of the hardware",
    async (encoder) => {
      const limits = {
        cpu: 1,
        memoryBytes: 2 ** 31,
        scratchBytes: 2 ** 30,
        timeoutSeconds: 60,
        stallSeconds: 60,
        encoder,
      };
      const attempt = await workshop.attempt("plain.mp4", { video: fast }, { unit: { limits } });
      expect(attempt.result.failure).toMatchObject({
        class: "hardware",
        reason: "HardwareUnavailable",
        message: expect.stringContaining(`${encoder} cannot encode here`),
      });
      expect([attempt.exitCode, attempt.files]).toEqual([33, []]);
    },
  );

  test("an output that no hardware can make never looks for it", async () => {
    const limits = {
      cpu: 1,
      memoryBytes: 2 ** 31,
      scratchBytes: 2 ** 30,
      timeoutSeconds: 60,
      stallSeconds: 60,
      encoder: "nvenc" as const,
    };
    const video = { codec: "prores", container: "mov" };
    const attempt = await workshop.attempt("plain.mp4", { video }, { unit: { limits } });
    expect(attempt.result).toMatchObject({ failures: [], warnings: [{ reason: "EncodedInSoftware" }] });
  });

  test("a full disk is told as one", async () => {
    const attempt = await workshop.attempt(
      "walk.mp4",
      { video: { ...fast, crf: 1 } },
      { environment: { FFMPEG_PATH: limitedFfmpeg(workshop.root) } },
    );
    expect(attempt.result.failure).toMatchObject({ class: "disk", reason: "DiskFull" });
    expect(attempt.files).toEqual([]);
  });
});

/** A file made from the plain clip; the last argument is its name. */
function from(...list: string[]): string {
  const name = list.pop() ?? "";
  ffmpeg("-i", plain, ...list, join(workshop.sources, name));
  return name;
}

/** Command lines of the processes that work on `path`. */
function running(path: string): string[] {
  const list = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return list.filter((line) => line.includes(path));
}

/** ffmpeg whose stderr says that the disk is full: no test may fill a real one. */
function limitedFfmpeg(root: string): string {
  const path = join(root, "full-disk-ffmpeg");
  writeFileSync(
    path,
    '#!/bin/sh\ncase "$*" in *-version*) exec ffmpeg "$@";; esac\necho "[error] av_interleaved_write_frame(): No space left on device" >&2\nexit 1\n',
    { mode: 0o755 },
  );
  return path;
}
