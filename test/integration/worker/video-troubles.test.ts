import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../cluster/until.ts";
import { clip, ffmpeg } from "./clips.ts";
import { VideoWorkshop } from "./video-workshop.ts";

/** What goes wrong around a video: a stop, missing programs, absent hardware, a full disk. */

const fast = { preset: "ultrafast" };
const LIMITS = {
  cpu: 1,
  memoryBytes: 2 ** 31,
  scratchBytes: 2 ** 30,
  timeoutSeconds: 60,
  stallSeconds: 60,
};

let workshop: VideoWorkshop;
beforeAll(() => {
  workshop = new VideoWorkshop();
  clip(join(workshop.sources, "plain.mp4"), { size: "160x90" });
});
afterAll(() => workshop.remove());

test("a stop leaves nothing behind and is a disruption", async () => {
  const once = clip(join(workshop.root, "once.mp4"), { size: "640x360", audio: ["-an"] });
  ffmpeg("-stream_loop", "300", "-i", once, "-c", "copy", join(workshop.sources, "long.mp4"));
  const out = "stopped";
  const attempt = await workshop.attempt(
    "long.mp4",
    { video: { preset: "veryslow" } },
    {
      out,
      during: async (kill) => {
        const isWriting = async () => staged(join(workshop.root, out)).some((path) => path.endsWith(".mp4"));
        await until("the encoder", isWriting, { timeoutMs: 60_000 });
        kill("SIGTERM");
      },
    },
  );
  expect(attempt.result.failure).toMatchObject({ class: "disruption", reason: "Terminated" });
  expect(attempt.files).toEqual([]);
  expect(running(workshop.root)).toEqual([]);
});

test("a worker without ffmpeg says so", async () => {
  const environment = { PATH: "/nonexistent" };
  const attempt = await workshop.attempt("plain.mp4", { video: fast }, { environment });
  expect(attempt.result.failure).toMatchObject({ class: "config", reason: "EncoderMissing" });
});

// No machine of the tests has an accelerator: what is seen here is the check that finds none.
test.each(["nvenc", "vaapi", "qsv"] as const)(
  "%s without its hardware is a failure of the hardware",
  async (encoder) => {
    const unit = { limits: { ...LIMITS, encoder } };
    const attempt = await workshop.attempt("plain.mp4", { video: fast }, { unit });
    expect(attempt.result.failure).toMatchObject({
      class: "hardware",
      reason: "HardwareUnavailable",
      message: expect.stringContaining(`${encoder} cannot encode here`),
    });
    expect([attempt.exitCode, attempt.files]).toEqual([33, []]);
  },
);

test("an output that no hardware can make never looks for it", async () => {
  const unit = { limits: { ...LIMITS, encoder: "nvenc" as const } };
  const video = { codec: "prores", container: "mov" };
  const attempt = await workshop.attempt("plain.mp4", { video }, { unit });
  expect(attempt.result).toMatchObject({ failures: [], warnings: [{ reason: "EncodedInSoftware" }] });
});

test("a full disk is told as one", async () => {
  const environment = { FFMPEG_PATH: fullDiskFfmpeg(workshop.root) };
  const attempt = await workshop.attempt("plain.mp4", { video: fast }, { environment });
  expect(attempt.result.failure).toMatchObject({ class: "disk", reason: "DiskFull" });
  expect(attempt.files).toEqual([]);
});

test.each([
  {
    name: "has lost its end",
    afterwards: 'truncate -s -2000 "$file"',
    says: /does not open: .* 2000 bytes are missing/,
  },
  {
    name: "is of another codec and size, and without its sound",
    afterwards: again("-c:v mpeg4 -vf scale=80:44 -an -movflags +faststart"),
    says: /its codec is mpeg4, not h264; its size is 80×44, not 160×90; it has 0 audio tracks, not 1/,
  },
  {
    name: "is shorter than what was written",
    afterwards: again("-t 0.4 -movflags +faststart"),
    says: /it lasts 0\.400 s but 2\.005 s were written; it has 10 frames but 50/,
  },
  {
    name: "has its index at the end",
    afterwards: again("-c copy"),
    says: /its index is not at the front/,
  },
])("a finished file that $name is not published", async ({ afterwards, says }) => {
  const environment = { FFMPEG_PATH: ffmpegThat(workshop.root, afterwards) };
  const attempt = await workshop.attempt("plain.mp4", { video: fast }, { environment });
  expect(attempt.result.failure).toMatchObject({
    class: "internal",
    reason: "VerificationFailed",
    message: expect.stringMatching(says),
  });
  expect(attempt.files).toEqual([]);
});

const staged = (out: string): string[] =>
  existsSync(out) ? readdirSync(out, { recursive: true, encoding: "utf8" }) : [];

/** Command lines of the processes that work on `path`. */
function running(path: string): string[] {
  const list = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return list.filter((line) => line.includes(path));
}

/** Commands that put `$file` through ffmpeg once more. */
function again(args: string): string {
  return `ffmpeg -v error -y -i "$file" ${args} "$file.mp4" && mv "$file.mp4" "$file"`;
}

/** ffmpeg whose finished `$file` something befalls, as by a defect of an encoder or of a file system. */
function ffmpegThat(root: string, afterwards: string): string {
  const path = join(root, "odd-ffmpeg");
  const script = `#!/bin/sh
ffmpeg "$@" || exit
for last; do :; done
file=\${last#file:}
case "$file" in *.mp4) ${afterwards};; esac
`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

/** ffmpeg whose stderr says that the disk is full: no test may fill a real one. */
function fullDiskFfmpeg(root: string): string {
  const path = join(root, "full-disk-ffmpeg");
  writeFileSync(
    path,
    '#!/bin/sh\ncase "$*" in *-version*) exec ffmpeg "$@";; esac\necho "[error] av_interleaved_write_frame(): No space left on device" >&2\nexit 1\n',
    { mode: 0o755 },
  );
  return path;
}

test("a unit that fills its scratch directory is ended before the node has to, as a full disk", async () => {
  const many = join(workshop.sources, "many.mp4");
  ffmpeg("-stream_loop", "30", "-i", join(workshop.sources, "plain.mp4"), "-c", "copy", many);
  const frames = { everySeconds: 0.1, exact: true };
  const unit = { limits: { ...LIMITS, scratchBytes: 2 ** 18 } };
  const attempt = await workshop.attempt("many.mp4", { frames }, { unit });
  expect(attempt.result.failure).toMatchObject({ class: "disk", reason: "DiskFull" });
  expect(attempt.result.failure?.message).toMatch(/in its scratch directory, and may have 0.3Mi/);
  expect(attempt.files).toEqual([]);
});
