import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ffprobe, ffprobeLines } from "./ffprobe.ts";

/** A program in ffprobe's place that tells what it was given. */
const SCRIPT = '#!/bin/sh\nfor each; do echo "$each" >&2; done; echo "{}"\n';

let directory: string;
const before = process.env.FFPROBE_PATH;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "ffprobe-test-"));
  process.env.FFPROBE_PATH = join(directory, "ffprobe");
  writeFileSync(process.env.FFPROBE_PATH, SCRIPT, { mode: 0o755 });
});
afterAll(() => {
  if (before === undefined) delete process.env.FFPROBE_PATH;
  else process.env.FFPROBE_PATH = before;
  rmSync(directory, { recursive: true });
});

test("a file is opened as nothing but media, within limits of pixels and of memory", async () => {
  const { log } = await ffprobe("-a film.mp4", { sections: ["-show_format"] });
  const given = log.join(" ");
  expect(given).toContain("-max_alloc 1073741824");
  expect(given).toContain("-protocol_whitelist file,pipe -format_whitelist mov,matroska,");
  expect(given).toContain(`-max_pixels ${8192 * 8192}`);
  expect(log.slice(-2)).toEqual(["-i", "file:-a film.mp4"]);
});

test("so is one whose packets are told line by line", async () => {
  const lines: string[] = [];
  process.env.FFPROBE_PATH = join(directory, "lines");
  writeFileSync(process.env.FFPROBE_PATH, '#!/bin/sh\nfor each; do echo "$each"; done\n', { mode: 0o755 });
  await ffprobeLines("film.mp4", { sections: [], onLine: (line) => lines.push(line) });
  expect(lines).toEqual(
    expect.arrayContaining(["-max_alloc", "-protocol_whitelist", "-format_whitelist", "-max_pixels"]),
  );
});
