import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EngineContext } from "../engine.ts";
import { WorkFailure } from "../work-failure.ts";
import { type FfmpegRun, ffmpegLimits, runFfmpeg } from "./ffmpeg.ts";
import type { EncodeProgress } from "./progress/progress-blocks.ts";

/** A program in ffmpeg's place, for what the real one does only when something is broken. */
const SCRIPT = `#!/bin/sh
for last; do :; done
case "$last" in
  progress) printf 'out_time_us=1500000\\nframe=3\\nprogress=end\\n' ;;
  echo) for each; do printf '[warning] <%s>\\n' "$each" >&2; done ;;
  data) printf 'raw bytes' ;;
  hangs) exec sleep 60 ;;
  stubborn) trap '' TERM; echo "[warning] ready" >&2; while :; do sleep 1; done ;;
  killed) kill -KILL $$ ;;
  full) echo "[error] write: No space left on device" >&2; exit 1 ;;
  odd) echo "[abc @ 0x1] [error] nobody knows" >&2; exit 69 ;;
  lost) echo "[srt @ 0x1] [error] Invalid UTF-8 in decoded subtitles text" >&2; echo "[error] Error while decoding stream #0:2" >&2; echo "[h264 @ 0x1] [error] Invalid NAL unit" >&2 ;;
  buried) for n in $(seq 40); do echo "[info] $n" >&2; done; echo "[h264 @ 0x1] [error] Invalid NAL unit size" >&2; for n in $(seq 100); do echo "[info] $n" >&2; done ;;
  cut) echo "[mov @ 0x1] [error] stream 0, offset 0x1: partial file" >&2; echo "[h264 @ 0x1] [error] Invalid NAL unit" >&2 ;;
esac
`;

let directory: string;
const before = process.env.FFMPEG_PATH;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "ffmpeg-test-"));
  process.env.FFMPEG_PATH = join(directory, "ffmpeg");
  writeFileSync(process.env.FFMPEG_PATH, SCRIPT, { mode: 0o755 });
});
afterAll(() => {
  if (before === undefined) delete process.env.FFMPEG_PATH;
  else process.env.FFMPEG_PATH = before;
  rmSync(directory, { recursive: true });
});

const run = (last: string, more: Partial<FfmpegRun> = {}) =>
  runFfmpeg({
    arguments: [last],
    threads: 1,
    maxAllocBytes: 1024,
    signal: new AbortController().signal,
    ...more,
  });

test("progress is told and the last block is in the report", async () => {
  const blocks: EncodeProgress[] = [];
  const report = await run("progress", { onProgress: (block) => blocks.push(block) });
  expect(blocks).toMatchObject([{ outTimeSeconds: 1.5, frames: 3, ended: true }]);
  expect(report.progress).toEqual(blocks[0]);
});

test("what a unit runs is watched, so that a long decode without progress is no standstill", async () => {
  const watched: number[] = [];
  const context = {
    limits: { cpu: 1, memoryBytes: 2 ** 30, stallSeconds: 60 },
    signal: new AbortController().signal,
    watchChild: (pid: number) => watched.push(pid),
  };
  await run("data", ffmpegLimits(context as unknown as EngineContext));
  expect(watched).toEqual([expect.any(Number)]);
});

test("what a unit runs may say nothing for as long as the unit may stand still", () => {
  const { signal } = new AbortController();
  const limits = { cpu: 1, memoryBytes: 2 ** 30, stallSeconds: 300 };
  expect(ffmpegLimits({ limits, signal } as unknown as EngineContext).silentMs).toBe(300_000);
});

test("every token reaches ffmpeg as it is, spaces and all", async () => {
  const { log, arguments: told } = await run("", {
    arguments: ["-vf", "a b, c", "-metadata", "title=x  y", "echo"],
  });
  expect(log).toEqual(
    expect.arrayContaining(["[warning] <a b, c>", "[warning] <title=x  y>", "[warning] <-nostdin>"]),
  );
  expect(told).toContain("a b, c");
});

test("what is written to stdout is handed on where it is asked for", async () => {
  const chunks: Buffer[] = [];
  await run("data", { onData: (chunk) => chunks.push(chunk) });
  expect(Buffer.concat(chunks).toString()).toBe("raw bytes");
});

test.each([
  { last: "full", reason: "DiskFull" },
  { last: "killed", reason: "MemoryLimitExceeded" },
  { last: "odd", reason: "EngineFailed", message: "ffmpeg exited with code 69: nobody knows" },
])("$last ends as $reason", async ({ last, reason, message }) => {
  await expect(run(last)).rejects.toMatchObject({ reason, ...(message && { message }) });
});

test("lines that tell of an early end and of damage are counted, though ffmpeg ends well", async () => {
  expect(await run("cut")).toMatchObject({ cutShortLines: 1, damagedLines: 1, lostTexts: 0 });
  expect(await run("lost")).toMatchObject({ cutShortLines: 0, damagedLines: 1, lostTexts: 1 });
});

test("an error that the log has lost between its first and its last lines is told", async () => {
  const { log, errors } = await run("buried");
  expect(log.join()).not.toContain("NAL");
  expect(errors).toEqual(["[h264 @ 0x1] [error] Invalid NAL unit size"]);
});

test("a process that writes nothing and uses no CPU is stopped as stalled", async () => {
  await expect(run("hangs", { silentMs: 60 })).rejects.toMatchObject({ reason: "Stalled" });
});

test("a stop that ffmpeg ignores ends in a kill, and the signal's reason is what is thrown", async () => {
  const stop = new AbortController();
  const ended = run("stubborn", {
    signal: stop.signal,
    killAfterMs: 30,
    onLog: () => stop.abort(new Error("drained")),
  });
  await expect(ended).rejects.toThrow("drained");
});

test("where its unit stands still, what ffmpeg had logged by then is kept with the reason", async () => {
  const stop = new AbortController();
  const reason = new WorkFailure("Stalled", "unit video-0 made no progress");
  const onLog = () => stop.abort(reason);
  await expect(run("stubborn", { signal: stop.signal, killAfterMs: 30, onLog })).rejects.toBe(reason);
  expect(reason.log).toEqual(["[warning] ready"]);
});

test("a run that is stopped before it begins never begins", async () => {
  await expect(run("hangs", { signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow(
    "too late",
  );
});
