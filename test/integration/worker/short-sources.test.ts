import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { audioOutput } from "../../../crds/outputs/audio.ts";
import { videoOutput } from "../../../crds/outputs/video.ts";
import { planRecording, recordingArguments } from "../../../worker-image/audio/recording.ts";
import { verifyRecording } from "../../../worker-image/audio/verify.ts";
import { probe } from "../../../worker-image/probe/probe.ts";
import type { MediaRecord } from "../../../worker-image/probe/record.ts";
import { renditionArguments } from "../../../worker-image/video/arguments.ts";
import { runFfmpeg } from "../../../worker-image/video/ffmpeg.ts";
import { planRendition } from "../../../worker-image/video/rendition.ts";
import { verifyRendition } from "../../../worker-image/video/verify.ts";
import { clip, ffmpeg } from "./clips.ts";

/** Sources that declare more than they hold: what is made of them comes with a warning. */

let root: string;
const at = (name: string) => join(root, name);
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "mediajob-short-"));
  clip(at("whole.mp4"), { size: "160x90", seconds: 2 });
  // Pictures end a second before the sound does.
  const sine = ["-f", "lavfi", "-i", "sine=f=440:r=48000:d=3"];
  ffmpeg("-i", at("whole.mp4"), ...sine, "-map", "0:v", "-map", "1:a", "-c:v", "copy", at("uneven.mp4"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const limits = { threads: 2, maxAllocBytes: 2 ** 30, signal: new AbortController().signal };

/** What ffprobe says of a file, and what the file says of itself instead. */
async function declaring(name: string, seconds: { whole?: number; pictures?: number; sound?: number }) {
  const record = await probe(at(name));
  const { whole, pictures, sound } = seconds;
  return {
    ...record,
    ...(whole !== undefined && { durationSeconds: whole }),
    video: record.video.map((each) =>
      pictures === undefined ? each : { ...each, durationSeconds: pictures },
    ),
    audio: record.audio.map((each) => (sound === undefined ? each : { ...each, durationSeconds: sound })),
  };
}

async function warningsOfVideo(name: string, record: MediaRecord): Promise<string[]> {
  const rendition = planRendition(record, videoOutput.parse({ preset: "ultrafast" }));
  const [sourcePath, targetPath] = [at(name), at(`made-${name}`)];
  const files = { sourcePath, targetPath, threads: 2 };
  const report = await runFfmpeg({ ...limits, arguments: renditionArguments(rendition, files) });
  const { warnings } = await verifyRendition(targetPath, rendition, { sourcePath, report, run: limits });
  return warnings.map(({ message }) => message);
}

test.each([
  { name: "whole.mp4", declared: {}, expected: [] },
  { name: "uneven.mp4", declared: {}, expected: [] },
  {
    name: "whole.mp4",
    declared: { whole: 2.6 },
    expected: ["the source declares 2.6 s but holds 2.0 s of pictures and sound"],
  },
  {
    name: "uneven.mp4",
    declared: { pictures: 2.5 },
    expected: ["the source declares 2.5 s but holds 2.0 s of pictures"],
  },
])("a video of $name that declares $declared", async ({ name, declared, expected }) => {
  expect(await warningsOfVideo(name, await declaring(name, declared))).toEqual(expected);
});

test("the sound of a file that ends early", async () => {
  const recording = planRecording(await declaring("whole.mp4", { sound: 3 }), audioOutput.parse({}));
  const [sourcePath, targetPath] = [at("whole.mp4"), at("whole.m4a")];
  const list = recordingArguments(recording, { sourcePath, targetPath, threads: 2 });
  const report = await runFfmpeg({ ...limits, arguments: list });
  const { warnings } = await verifyRecording(targetPath, recording, { sourcePath, report, run: limits });
  expect(warnings.map(({ message }) => message)).toEqual([
    "the source declares 3.0 s but holds 2.0 s of sound",
  ]);
});
