import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { noteVersion, versionOf } from "./ffmpeg-versions.ts";

let directory: string;
let note: string;
let ffmpegBefore: string | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ffmpeg-version-"));
  note = join(directory, "note.json");
  ffmpegBefore = process.env.FFMPEG_PATH;
  process.env.FFMPEG_PATH = join(directory, "ffmpeg");
  install("7.1.3-0+deb13u1");
});
afterEach(() => {
  if (ffmpegBefore === undefined) delete process.env.FFMPEG_PATH;
  else process.env.FFMPEG_PATH = ffmpegBefore;
  rmSync(directory, { recursive: true });
});

/** A program that says its version and keeps count of how often it was asked. */
function install(version: string, changedSeconds = 1e9): void {
  const path = join(directory, "ffmpeg");
  const says = `ffmpeg version ${version} Copyright (c) 2000-2025 the FFmpeg developers`;
  writeFileSync(path, `#!/bin/sh\necho asked >> ${directory}/asked\necho "${says}"\n`, { mode: 0o755 });
  utimesSync(path, changedSeconds, changedSeconds);
}

const timesAsked = (): number => readFileSync(join(directory, "asked"), "utf8").split("\n").length - 1;

test("ffmpeg is asked for its version where nobody has noted it", async () => {
  expect([await versionOf(note), await versionOf(note), timesAsked()]).toEqual([
    ...["7.1.3-0+deb13u1", "7.1.3-0+deb13u1"],
    2,
  ]);
});

test("it is not started for what was noted when it was installed", async () => {
  await noteVersion(note);
  expect([await versionOf(note), timesAsked()]).toEqual(["7.1.3-0+deb13u1", 1]);
});

test.each([
  { name: "another file is in its place", change: () => install("7.1.4-0+deb13u1", 2e9) },
  { name: "the note is cut short", change: () => writeFileSync(note, '{"print"') },
])("it is asked again once $name", async ({ change }) => {
  await noteVersion(note);
  change();
  expect(await versionOf(note)).toMatch(/^7\.1\.[34]-0\+deb13u1$/);
  expect(timesAsked()).toBe(2);
});

test("where there is none nothing is noted", async () => {
  rmSync(join(directory, "ffmpeg"));
  await noteVersion(note);
  expect(await versionOf(note)).toBeUndefined();
  expect(() => readFileSync(note)).toThrow("ENOENT");
});
