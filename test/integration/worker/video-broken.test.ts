import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { audioOutput } from "../../../crds/outputs/audio.ts";
import { videoOutput } from "../../../crds/outputs/video.ts";
import { planRecording, type Recording, recordingArguments } from "../../../worker-image/audio/recording.ts";
import { verifyRecording } from "../../../worker-image/audio/verify.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import { renditionArguments } from "../../../worker-image/video/arguments.ts";
import { type FfmpegReport, runFfmpeg } from "../../../worker-image/video/ffmpeg.ts";
import { planRendition, type Rendition } from "../../../worker-image/video/rendition.ts";
import { verifyRendition } from "../../../worker-image/video/verify.ts";
import { clip, ffmpeg } from "./clips.ts";

/** Finished videos and sound files that are not as they must be: none of them may be given its name. */

const SECONDS = 6;
/** What Matroska lost is told by its frames, which are counted; MP4 says how many there are, and how long it is. */
const DAMAGED = /does not decode|frames but 150 were written/;
const SHORT = /does not open: .* cut short|does not decode|frames but 150 were written/;
const limits = { threads: 2, maxAllocBytes: 2 ** 30, signal: new AbortController().signal };

let root: string;
let source: string;
let copies = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "mediajob-broken-"));
  source = clip(join(root, "source.mp4"), { size: "160x90", seconds: SECONDS });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Another file in place of what was made; ffmpeg makes it of that. */
const remade =
  (...list: string[]) =>
  (path: string, made: string) =>
    ffmpeg("-i", made, "-map", "0", "-c", "copy", "-movflags", "+faststart", ...list, path);

/** Bytes that mean nothing, a share of the file from a share of it on. */
const damaged =
  (from: number, share = 0.02) =>
  (path: string) => {
    const bytes = readFileSync(path);
    const start = Math.floor(bytes.length * from);
    writeFileSync(path, bytes.fill(0xff, start, start + Math.ceil(bytes.length * share)));
  };

const cutShort = (share: number) => (path: string) =>
  truncateSync(path, Math.floor(readFileSync(path).length * share));

type Change = (path: string, made: string) => void;

/** A copy of a file, with a change. */
function changed(made: string, change: Change): string {
  const path = join(root, `changed-${++copies}-${made.slice(root.length + 1)}`);
  copyFileSync(made, path);
  change(path, made);
  return path;
}

describe.each(["mp4", "mkv", "webm"] as const)("a video in %s", (container) => {
  let made: string;
  let rendition: Rendition;
  let report: FfmpegReport;
  beforeAll(async () => {
    made = join(root, `made.${container}`);
    const codec = container === "webm" ? { codec: "vp9", preset: "ultrafast" } : { preset: "ultrafast" };
    const wish = videoOutput.parse({ container, keyframeIntervalSeconds: 1, ...codec });
    rendition = planRendition(await probe(source), wish);
    const list = renditionArguments(rendition, { sourcePath: source, targetPath: made, threads: 2 });
    report = await runFfmpeg({ ...limits, arguments: list });
  });

  const verify = (change: Change, verifyAs: "Fast" | "Full" = "Fast") =>
    verifyRendition(
      changed(made, change),
      { ...rendition, output: { ...rendition.output, verify: verifyAs } },
      { sourcePath: source, report, run: limits },
    );

  test("as ffmpeg made it is found good", async () => {
    for (const all of ["Fast", "Full"] as const)
      await expect(verify(() => undefined, all)).resolves.toMatchObject({ warnings: [] });
  });

  const quickly = ["-deadline", "realtime", "-cpu-used", "8"];
  const encoder = container === "webm" ? ["libvpx-vp9", ...quickly] : ["libx264", "-preset", "ultrafast"];
  const BROKEN: { name: string; change: Change; message: RegExp }[] = [
    { name: "it is no video", change: (path) => writeFileSync(path, "no video"), message: /does not open/ },
    { name: "its last tenth is missing", change: cutShort(0.9), message: SHORT },
    { name: "its last hundredth is missing", change: cutShort(0.99), message: SHORT },
    { name: "its middle is damaged", change: damaged(0.48, 0.1), message: DAMAGED },
    { name: "its last group is damaged", change: damaged(0.82, 0.08), message: DAMAGED },
    {
      name: "it has another size",
      change: remade("-c:v", ...encoder, "-s", "80x44"),
      message: /its size is 80×44/,
    },
    {
      name: "it has another codec",
      change: remade("-c:v", ...(container === "webm" ? ["libvpx", ...quickly] : ["mpeg4"])),
      message: /its codec is/,
    },
    {
      name: "it has other pixels",
      change: remade("-c:v", ...encoder, "-pix_fmt", "yuv444p"),
      message: /its pixel format is yuv444p/,
    },
    {
      name: "three frames are missing",
      change: remade("-frames:v", "147"),
      message: /147 frames but 150 were written/,
    },
    { name: "it ends early", change: remade("-t", "4"), message: /lasts 4\.\d+ s but 6\.\d+ s were written/ },
    { name: "its sound is missing", change: remade("-an"), message: /it has 0 audio tracks, not 1/ },
    {
      name: "its sound is lost",
      change: remade("-c:a", container === "webm" ? "libopus" : "aac", "-af", "volume=0"),
      message: /is silent, that of the source \(1\) is not/,
    },
    {
      name: "its sound is coded otherwise",
      change: remade("-c:a", container === "webm" ? "libvorbis" : "mp3"),
      message: /its audio codec is/,
    },
  ];

  test.each(BROKEN)("is refused where $name", async ({ change, message }) => {
    await expect(verify(change)).rejects.toMatchObject({
      reason: "VerificationFailed",
      message: expect.stringMatching(message),
    });
  });

  if (container !== "mp4") return;

  test("is found to be damaged where no sample lies, once all of it is decoded", async () => {
    const change = damaged(0.3);
    await expect(verify(change)).resolves.toBeDefined();
    await expect(verify(change, "Full")).rejects.toMatchObject({ reason: "VerificationFailed" });
  });

  test("is refused where players have to read all of it first, or show it turned", async () => {
    const copied: Change = (path, from) => ffmpeg("-i", from, "-c", "copy", path);
    await expect(verify(copied)).rejects.toThrow("its index is not at the front");
    await expect(verify(remade("-metadata:s:v:0", "rotate=90"))).rejects.toThrow(
      "it is stored turned by 270°",
    );
  });
});

describe("a video that ffmpeg itself made too short", () => {
  const SOURCES = [
    { name: "is refused", list: [], message: /its pictures last 5\.88\d* s, not 6\.00\d* s/ },
    {
      name: "is refused of Matroska, which counts no frames",
      list: ["-f", "matroska"],
      message: /not 6\.00\d* s/,
    },
    {
      name: "is the source's where frames are missing in it",
      list: ["-c:v", "libx264", "-preset", "ultrafast", "-vf", "select=not(eq(n\\,9))", "-fps_mode", "vfr"],
    },
    {
      name: "is the source's where it does not hold what it declares",
      list: ["-c:v", "copy"],
      declares: 0.12,
    },
  ];

  test.each(SOURCES)("$name", async ({ list, message, declares = 0 }) => {
    const path = join(root, `short-${++copies}.mp4`);
    ffmpeg("-i", source, "-map", "0:v", "-c", "copy", ...list, path);
    const { picture, ...planned } = planRendition(
      await probe(path),
      videoOutput.parse({ preset: "ultrafast" }),
    );
    const rendition = {
      ...planned,
      picture: { ...picture, durationSeconds: (picture.durationSeconds ?? 0) + declares },
      endSeconds: (planned.endSeconds ?? 0) + declares,
    };
    const made = join(root, `short-made-${copies}.mp4`);
    const whole = renditionArguments(rendition, { sourcePath: path, targetPath: made, threads: 2 });
    const frames = declares > 0 ? "150" : "147";
    const report = await runFfmpeg({ ...limits, arguments: whole.toSpliced(-1, 0, "-frames:v", frames) });
    const verified = verifyRendition(made, rendition, { sourcePath: path, report, run: limits });
    if (!message) return expect(await verified).toMatchObject({ warnings: [] });
    await expect(verified).rejects.toMatchObject({
      reason: "VerificationFailed",
      message: expect.stringMatching(message),
    });
  });
});

test("a video that has lost the sound of one track of eight is refused", async () => {
  const tracks = join(root, "tracks.mp4");
  const sounds = Array.from({ length: 8 }, () => ["-map", "0:a"]).flat();
  ffmpeg("-i", source, "-map", "0:v", ...sounds, "-c", "copy", tracks);
  const made = join(root, "made-of-tracks.mp4");
  const wish = videoOutput.parse({ preset: "ultrafast", audio: { tracks: "All" } });
  const rendition = planRendition(await probe(tracks), wish);
  const list = renditionArguments(rendition, { sourcePath: tracks, targetPath: made, threads: 2 });
  const report = await runFfmpeg({ ...limits, arguments: list });
  const verify = (change: Change) =>
    verifyRendition(changed(made, change), rendition, { sourcePath: tracks, report, run: limits });
  await expect(verify(() => undefined)).resolves.toMatchObject({ warnings: [] });
  const lost = remade("-c:a:0", "aac", "-filter:a:0", "volume=0");
  await expect(verify(lost)).rejects.toThrow("audio track 0 of the finished file is silent");
});

describe("a sound file", () => {
  let made: string;
  let recording: Recording;
  let report: FfmpegReport;
  beforeAll(async () => {
    made = join(root, "made.m4a");
    recording = planRecording(await probe(source), audioOutput.parse({}));
    const list = recordingArguments(recording, { sourcePath: source, targetPath: made, threads: 2 });
    report = await runFfmpeg({ ...limits, arguments: list });
  });

  const verify = (change: Change) =>
    verifyRecording(changed(made, change), recording, { sourcePath: source, report, run: limits });

  test("as ffmpeg made it is found good", async () => {
    await expect(verify(() => undefined)).resolves.toMatchObject({ warnings: [] });
  });

  test.each([
    { name: "its middle is damaged", change: damaged(0.5, 0.1), message: /does not decode/ },
    { name: "it ends early", change: remade("-t", "4"), message: /lasts 4\.\d+ s but 6\.\d+ s were written/ },
    {
      name: "it is lost",
      change: remade("-c:a", "aac", "-af", "volume=0"),
      message: /is silent, audio track 1 of the source is not/,
    },
    { name: "it is coded otherwise", change: remade("-c:a", "alac"), message: /codec is alac, not aac/ },
  ])("is refused where $name", async ({ change, message }) => {
    await expect(verify(change)).rejects.toMatchObject({
      reason: "VerificationFailed",
      message: expect.stringMatching(message),
    });
  });
});
