import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clip } from "./clips.ts";
import { Workshop } from "./worker-attempt.ts";

/** Segments of rates that do not divide them: each begins with the frame that is due, whatever the encoder's own group. */

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
});
afterAll(() => workshop.remove());

const RATES = [
  { codec: "h265", rate: "60000/1001", segmentSeconds: 10, seconds: 20.5, keyframes: [0, 600, 1199] },
  { codec: "h264", rate: "120000/1001", segmentSeconds: 6, seconds: 12.5, keyframes: [0, 720, 1439] },
  // SVT-AV1 of ffmpeg 5.1 knows no keyframes but those at its interval.
  { codec: "av1", rate: "60000/1001", segmentSeconds: 10, seconds: 20.5, keyframes: [0, 600, 1200] },
];

test.each(RATES)("$codec at $rate in segments of $segmentSeconds s", async (row) => {
  const { codec, rate, segmentSeconds, seconds, keyframes } = row;
  const file = `${codec}-${segmentSeconds}.mp4`;
  // ffmpeg's source of test pictures takes 119.88 for 120.
  const smallest = { size: "64x64", rate: "30", audio: ["-an"] };
  clip(join(workshop.sources, file), { ...smallest, seconds, more: ["-vf", `fps=${rate}`] });
  const stream = {
    ...{ codec, segmentSeconds, preset: "ultrafast", ladder: "Explicit" },
    renditions: [{ height: 64, bitrateKbps: 100 }],
  };
  const attempt = await workshop.attempt(file, { stream });
  expect(attempt.result.failures).toEqual([]);
  const [num = 0, den = 1] = rate.split("/").map(Number);
  const list = ["-v", "error", "-of", "json", "-show_entries", "packet=pts_time,flags"];
  const { packets } = JSON.parse(
    execFileSync("ffprobe", [...list, attempt.pathOf("made/video-64p.mp4")], { encoding: "utf8" }),
  );
  const found = packets
    .filter(({ flags }: { flags: string }) => flags.startsWith("K"))
    .map(({ pts_time }: { pts_time: string }) => Math.round((Number(pts_time) * num) / den));
  expect(found).toEqual(keyframes);
});
