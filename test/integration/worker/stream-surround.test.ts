import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clip, ffmpeg } from "./clips.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** Sound of more than two channels in a stream, in two languages, one of which is in stereo alone. */

let workshop: Workshop;
let attempt: Attempt;
beforeAll(async () => {
  workshop = new Workshop();
  const picture = clip(join(workshop.root, "picture.mp4"), { size: "160x90" });
  // A tone of its own in each channel, so that one that is lost or moved is found.
  const tones = [300, 400, 500, 60, 700, 800].map((hertz) => `0.2*sin(2*PI*${hertz}*t)`).join("|");
  ffmpeg(
    ...["-i", picture, "-f", "lavfi", "-i", `aevalsrc=${tones}:c=5.1:s=48000:d=2`],
    ...["-map", "0:v", "-map", "1:a", "-map", "0:a", "-c:v", "copy", "-c:a", "flac"],
    ...["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu", "-disposition:a:0", "default"],
    join(workshop.sources, "surround.mkv"),
  );
  attempt = await workshop.attempt("surround.mkv", { stream: { preset: "ultrafast", segmentSeconds: 1 } });
  expect(attempt.result.failures).toEqual([]);
});
afterAll(() => workshop.remove());

const textOf = (name: string) => readFileSync(attempt.pathOf(`made/${name}`), "utf8");

test("each language is encoded once in stereo, and once more with all its channels where it has more", () => {
  expect(attempt.files.filter((name) => name.includes("audio") && name.endsWith(".mp4"))).toEqual([
    "made/audio-0-eng-surround.mp4",
    "made/audio-0-eng.mp4",
    "made/audio-1-deu.mp4",
  ]);
});

test("every channel is in its place", () => {
  const path = attempt.pathOf("made/audio-0-eng-surround.mp4");
  const stream = execFileSync(
    "ffprobe",
    ["-v", "error", "-of", "csv=p=0", "-show_entries", "stream=channels,channel_layout", path],
    { encoding: "utf8" },
  );
  expect(stream.trim()).toBe("6,5.1");
  const samples = execFileSync("ffmpeg", ["-v", "error", "-i", path, "-f", "f32le", "-"], {
    maxBuffer: 2 ** 24,
  });
  const values = new Float32Array(samples.buffer, samples.byteOffset, samples.length / 4);
  /** How loud a frequency is in a channel, by one bin of a Fourier transform over a second. */
  const loudness = (channel: number, hertz: number) => {
    let [real, imaginary] = [0, 0];
    for (let at = 0; at < 48_000; at++) {
      const value = values[(at + 4800) * 6 + channel] ?? 0;
      real += value * Math.cos((2 * Math.PI * hertz * at) / 48_000);
      imaginary += value * Math.sin((2 * Math.PI * hertz * at) / 48_000);
    }
    return Math.hypot(real, imaginary);
  };
  const tones = [300, 400, 500, 60, 700, 800];
  const loudest = tones.map((_, channel) => {
    const all = tones.map((hertz) => loudness(channel, hertz));
    return tones[all.indexOf(Math.max(...all))];
  });
  expect(loudest).toEqual(tones);
});

test("HLS has a group of each, with both languages in both", () => {
  const groups = [
    ...textOf("master.m3u8").matchAll(/GROUP-ID="([\w-]+)".*?LANGUAGE="(\w+)".*?CHANNELS="(\d)"/g),
  ];
  expect(groups.map(([, ...facts]) => facts.join(" "))).toEqual([
    "audio en 2",
    "audio de 2",
    "audio-surround en 6",
    "audio-surround de 2",
  ]);
});

test("DASH has a set of each", () => {
  expect(textOf("manifest.mpd").match(/ChannelConfiguration" value="\d+"/g)).toEqual(
    ["2", "2", "6"].map((value) => `ChannelConfiguration" value="${value}"`),
  );
});
