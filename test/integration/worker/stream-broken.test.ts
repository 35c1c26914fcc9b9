import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { streamOutput } from "../../../crds/outputs/stream.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import { presentationArguments } from "../../../worker-image/stream/arguments.ts";
import { fileNames } from "../../../worker-image/stream/file-names.ts";
import { readMediaFile } from "../../../worker-image/stream/media-file.ts";
import { type Presentation, planPresentation } from "../../../worker-image/stream/presentation.ts";
import { verifyStream } from "../../../worker-image/stream/verify.ts";
import { type FfmpegReport, runFfmpeg } from "../../../worker-image/video/ffmpeg.ts";
import { clip, ffmpeg } from "./clips.ts";

/** Files of a stream that are not as they must be: none of them may be given its name. */

const SECONDS = 9;
let root: string;
let source: string;
let presentation: Presentation;
let report: FfmpegReport;
const limits = { threads: 2, maxAllocBytes: 2 ** 30, signal: new AbortController().signal };
const files = (directory: string) => ({
  sourcePath: source,
  threads: 2,
  videoPaths: presentation.rungs.map(({ name }) => join(directory, `${name}.mp4`)),
  audioPaths: [join(directory, "sound.mp4")],
  subtitlePaths: [],
  sheets: { directory, prefix: "" },
});

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mediajob-stream-"));
  source = clip(join(root, "source.mp4"), { size: "160x90", seconds: SECONDS });
  const renditions = [66, 90].map((height) => ({ height, bitrateKbps: 200 }));
  const wish = { preset: "ultrafast", segmentSeconds: 2, ladder: "Explicit", renditions };
  presentation = planPresentation(await probe(source), streamOutput.parse(wish));
  report = await runFfmpeg({ ...limits, arguments: presentationArguments(presentation, files(root)) });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Verifies the files, one of them changed. */
async function verify(
  change: (paths: { video: string; sound: string }) => void | Promise<void>,
  { from = source, full = false } = {},
) {
  const directory = mkdtempSync(join(root, "changed-"));
  const changed = files(directory);
  const whole = files(root);
  for (const [at, path] of whole.videoPaths.entries()) copyFileSync(path, changed.videoPaths[at] ?? "");
  copyFileSync(whole.audioPaths[0] ?? "", changed.audioPaths[0] ?? "");
  await change({ video: changed.videoPaths[0] ?? "", sound: changed.audioPaths[0] ?? "" });
  const { output } = presentation;
  const wanted = full ? { ...presentation, output: { ...output, verify: "Full" as const } } : presentation;
  return verifyStream(wanted, {
    files: changed,
    names: fileNames(presentation),
    report,
    limits,
    staged: (fileName) => join(directory, fileName),
    source: { path: from, startSeconds: 0 },
  });
}

/** Zeros in the middle of a segment. */
async function damage(path: string, segment: number): Promise<void> {
  const { segments } = await readMediaFile(path);
  const { offset = 0, bytes = 0 } = segments.at(segment) ?? {};
  const content = readFileSync(path);
  content.fill(0xff, offset + Math.round(bytes / 3), offset + bytes);
  writeFileSync(path, content);
}

const fragmented = ["-frag_duration", "2000000", "-movflags", "+delay_moov+default_base_moof+global_sidx"];
const sound = (path: string, ...filter: string[]) =>
  ffmpeg("-i", source, "-vn", ...filter, "-c:a", "aac", "-ac", "2", ...fragmented, path);

const pictures = (path: string, ...list: string[]) => {
  const flags = ["-movflags", "+frag_keyframe+delay_moov+default_base_moof+global_sidx"];
  ffmpeg("-i", source, "-an", "-c:v", "libx264", "-preset", "ultrafast", ...list, ...flags, path);
};
const EACH_2_S = ["-g", "50", "-keyint_min", "50", "-sc_threshold", "0"];

test("what ffmpeg made is found good", async () => {
  const { stream, warnings } = await verify(() => undefined);
  expect(stream.durationSeconds).toBeCloseTo(SECONDS, 1);
  expect(warnings).toEqual([]);
});

test.each([
  { name: "pictures are damaged in the middle", change: damageOf("video", 2), message: /does not decode/ },
  { name: "pictures are damaged at the end", change: damageOf("video", -1), message: /does not decode/ },
  { name: "sound is damaged at the end", change: damageOf("sound", -1), message: /does not decode/ },
  {
    name: "the last bytes are missing",
    change: ({ video }: Paths) => truncateSync(video, readFileSync(video).length - 2000),
    message: /its index names/,
  },
  {
    name: "segments are shorter than they were to be",
    change: ({ video }: Paths) => pictures(video, "-s", "118x66", "-g", "45", "-sc_threshold", "0"),
    message: /a segment of 66p lasts 1\.8 s, not 2 s/,
  },
  {
    name: "a segment is missing",
    change: ({ video }: Paths) => pictures(video, "-s", "118x66", ...EACH_2_S, "-t", "6"),
    message: /segment 4 of 90p does not end where that of 66p does/,
  },
  {
    name: "pictures have another size",
    change: ({ video }: Paths) => pictures(video, "-s", "80x44", ...EACH_2_S),
    message: /rendition 66p is h264 80×4\d, not h264 118×66/,
  },
  {
    name: "sound ends early",
    change: ({ sound: path }: Paths) => sound(path, "-t", "6"),
    message: /lasts 6\.0 s, but audio track 1 of the source 9\.0 s/,
  },
  {
    name: "sound is lost",
    change: ({ sound: path }: Paths) => sound(path, "-af", "volume=0"),
    message: /is silent, audio track 1 of the source is not/,
  },
])("a stream is refused where $name", async ({ change, message }) => {
  await expect(verify(change)).rejects.toMatchObject({
    reason: "VerificationFailed",
    message: expect.stringMatching(message),
  });
});

test.each([
  { name: "pictures", change: damageOf("video", 1), message: /^66p\.mp4 does not decode/ },
  { name: "sound", change: damageOf("sound", 1), message: /^sound\.mp4 does not decode/ },
])("damage of $name that no sample meets is found where all is decoded", async ({ change, message }) => {
  await expect(verify(change)).resolves.toMatchObject({ warnings: [] });
  await expect(verify(change, { full: true })).rejects.toMatchObject({
    reason: "VerificationFailed",
    message: expect.stringMatching(message),
  });
});

test("what ffmpeg made is found good where all is decoded", async () => {
  const { warnings } = await verify(() => undefined, { full: true });
  expect(warnings).toEqual([]);
});

test("a source whose sound ends before it is said to is warned of", async () => {
  const short = join(root, "short.mp4");
  ffmpeg("-i", source, "-t", "6", "-c", "copy", short);
  const { warnings } = await verify(({ sound: path }) => sound(path, "-t", "6"), {
    from: short,
  });
  expect(warnings).toEqual([
    {
      reason: "SourceShorterThanDeclared",
      message: "the source declares 9.0 s but holds 6.0 s of sound in audio track 1",
    },
  ]);
});

type Paths = Parameters<Parameters<typeof verify>[0]>[0];

function damageOf(what: keyof Paths, segment: number): (paths: Paths) => Promise<void> {
  return (paths) => damage(paths[what], segment);
}
