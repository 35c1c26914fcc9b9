import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import { clip, ffmpeg, similarity } from "./clips.ts";
import { VideoWorkshop } from "./video-workshop.ts";
import { sourceName } from "./worker-attempt.ts";

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
  workshop.write("hearts.srt", "1\n00:00:00,000 --> 00:00:01,000\nHello <3\n");
  withTexts("evil.mkv", "hearts.srt", "-metadata:s:s:0", `language=${language}`);
  const video = { preset: "ultrafast", subtitleFiles: ["vtt"] };
  const attempt = await workshop.attempt("evil.mkv", { video });
  expect(attempt.result.failures).toEqual([]);
  expect(attempt.files).toEqual(["made.1.vtt", "made.mp4"]);
  expect(readFileSync(attempt.pathOf("made.1.vtt"), "utf8")).toContain("Hello &lt;3");
});

const latin1 = (text: string) => Buffer.from(text, "latin1");
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");
const LATER_CUE = "\n2\n00:00:01,600 --> 00:00:01,900\n";

const LOST = {
  reason: "SubtitlesDamaged",
  message: expect.stringMatching(/^1 line\(s\) are left out: subtitles are not UTF-8; convert/),
};

describe("texts that are not UTF-8", () => {
  beforeAll(() => {
    workshop.write("some.srt", latin1(`${CUE}Plain\n${LATER_CUE}sch\u00f6n\n`));
    workshop.write("all.srt", latin1(`${CUE}sch\u00f6n\n`));
    workshop.write("marked.srt", utf16(`${CUE}sch\u00f6n\n`));
    workshop.write("unmarked.srt", utf16(`${CUE}sch\u00f6n\n`).subarray(2));
    workshop.write("none.vtt", "WEBVTT\n\n");
    withTexts("some.mkv", "some.srt");
    withTexts("all.mkv", "all.srt");
  });

  const REFUSED = [
    { path: "in/some.srt", reason: "InvalidOutputSpec", message: "in/some.srt: subtitles are not UTF-8" },
    { path: "in/all.srt", reason: "InvalidOutputSpec", message: "in/all.srt: subtitles are not UTF-8" },
    {
      path: "in/unmarked.srt",
      reason: "UnsupportedFormat",
      message: "in/unmarked.srt: it holds no subtitles",
    },
    { path: "in/none.vtt", reason: "InvalidOutputSpec", message: "in/none.vtt hold no text" },
  ];

  test("are not burnt in", async () => {
    const outputs = REFUSED.map(({ path }, index) => ({
      name: `burnt-${index}`,
      video: { burnIn: { subtitles: { path } } },
    }));
    const { result, files } = await workshop.attemptAll(["plain.mp4"], outputs);
    expect(result.failures).toMatchObject(
      REFUSED.map(({ reason, message }, index) => ({
        output: `burnt-${index}`,
        reason,
        message: expect.stringContaining(message),
      })),
    );
    expect(files).toEqual([]);
  });

  test("are not burnt in where they are a track", async () => {
    const tracks = ["some.mkv", "all.mkv"];
    const burnt = { name: "burnt", video: { burnIn: { subtitles: {} } } };
    const { result } = await workshop.attemptAll(tracks, [burnt]);
    const message = expect.stringContaining("burnIn.subtitles of the source: subtitles are not UTF-8");
    expect(result.failures).toMatchObject(
      tracks.map((file) => ({ source: sourceName(file), reason: "InvalidOutputSpec", message })),
    );
  });

  test("UTF-16 is read by its mark", async () => {
    await workshop.make("plain.mp4", { burnIn: { subtitles: { path: "in/marked.srt" } } });
  });

  test("are left out of files of their own with a warning", async () => {
    const video = { preset: "ultrafast", subtitleFiles: ["vtt", "srt"] };
    const attempt = await workshop.attemptAll(["some.mkv", "all.mkv"], [{ name: "made", video }]);
    expect(attempt.result.failures).toEqual([]);
    expect(attempt.files).toEqual([
      ...["made-all-mkv.1.vtt", "made-all-mkv.mp4"],
      ...["made-some-mkv.1.srt", "made-some-mkv.1.vtt", "made-some-mkv.mp4"],
    ]);
    expect(attempt.result.warnings).toMatchObject(
      ["some-mkv", "some-mkv", "all-mkv", "all-mkv"].map((source) => ({ ...LOST, source })),
    );
  });

  test("are left out of a track that is converted with a warning, and of that one alone", async () => {
    const { attempt, record } = await workshop.make("some.mkv", { subtitles: "Keep" });
    expect(record.subtitles).toHaveLength(1);
    expect(attempt.result.warnings).toMatchObject([LOST]);
  });

  test("are left out of a stream with a warning", async () => {
    const stream = { preset: "ultrafast", subtitles: "Keep" };
    const attempt = await workshop.attempt("some.mkv", { stream });
    expect(attempt.result.failures).toEqual([]);
    expect(attempt.result.warnings).toMatchObject([LOST]);
  });
});

test("a text that is shown beyond the end makes no file longer, kept or not", async () => {
  workshop.write("beyond.srt", "1\n00:00:01,000 --> 00:00:12,000\nHello\n");
  withTexts("beyond.mkv", "beyond.srt");
  const outputs = ["Keep", "None"].map((subtitles) => ({
    name: subtitles.toLowerCase(),
    video: { preset: "ultrafast", subtitles },
  }));
  const { files, pathOf, result } = await workshop.attemptAll(["beyond.mkv"], outputs);
  expect([result.failures, result.warnings]).toEqual([[], []]);
  expect(files).toHaveLength(outputs.length);
  for (const file of files) expect((await probe(pathOf(file))).durationSeconds, file).toBeCloseTo(2, 1);
});

/** A font of the system by another name, which has to be as long. */
function renamedFont(name: string, from: string): Buffer {
  const font = readFileSync(execFileSync("fc-match", ["-f", "%{file}", from], { encoding: "utf8" }));
  for (const written of [latin1, (text: string) => Buffer.from(text, "utf16le").swap16()]) {
    for (let at = font.indexOf(written(from)); at >= 0; at = font.indexOf(written(from))) {
      written(name).copy(font, at);
    }
  }
  return font;
}

test("texts that are burnt in are drawn with the fonts that came with them", async () => {
  const styled = (font: string) =>
    [
      ...["[Script Info]", "ScriptType: v4.00+", "PlayResX: 160", "PlayResY: 90", "[V4+ Styles]"],
      "Format: Name, Fontname, Fontsize, PrimaryColour, Alignment",
      `Style: Default,${font},30,&H00FFFFFF,5`,
      ...["[Events]", "Format: Start, End, Style, Text", "Dialogue: 0:00:00.00,0:00:02.00,Default,will it"],
    ].join("\n");
  workshop.write("brought.ttf", renamedFont("Brought by Video", "DejaVu Sans Mono"));
  workshop.write("brought.ass", styled("Brought by Video"));
  workshop.write("mono.ass", styled("DejaVu Sans Mono"));
  const mimetype = "mimetype=application/x-truetype-font";
  withTexts("mono.mkv", "mono.ass");
  withTexts("brought.mkv", "brought.ass", "-attach", at("brought.ttf"), "-metadata:s:t", mimetype);
  const brought = await workshop.make("brought.mkv", { burnIn: { subtitles: {} } });
  const mono = await workshop.make("mono.mkv", { burnIn: { subtitles: {} } });
  expect(similarity(brought.path, mono.path)).toBeGreaterThan(0.99);
});
