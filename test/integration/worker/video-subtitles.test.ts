import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clip, ffmpeg } from "./clips.ts";
import { VideoWorkshop } from "./video-workshop.ts";

/** Subtitles whose words, languages or fonts are not the usual ones. */

const CUE = "1\n00:00:00,500 --> 00:00:01,500\n";

let workshop: VideoWorkshop;
const at = (name: string) => join(workshop.sources, name);
beforeAll(() => {
  workshop = new VideoWorkshop();
  clip(at("plain.mp4"), { size: "160x90" });
  workshop.write("plain.srt", `${CUE}Hello\n`);
});
afterAll(() => workshop.remove());

/** Puts texts beside the pictures as they are, so that nothing of them is looked at. */
const withTexts = (file: string, texts: string, ...more: string[]) =>
  ffmpeg(
    ...["-i", at("plain.mp4"), "-i", at(texts), "-map", "0", "-map", "1", "-c", "copy", ...more, at(file)],
  );

test("a language that is a path names no file outside the destination", async () => {
  const language = `/../../../../../..${workshop.root}/evil`;
  withTexts("evil.mkv", "plain.srt", "-metadata:s:s:0", `language=${language}`);
  const video = { preset: "ultrafast", subtitleFiles: ["vtt"] };
  const attempt = await workshop.attempt("evil.mkv", { video });
  expect(attempt.result.failures).toEqual([]);
  expect(attempt.files).toEqual(["made.1.vtt", "made.mp4"]);
  expect(readFileSync(attempt.pathOf("made.1.vtt"), "utf8")).toContain("Hello");
});
