import { expect, test } from "vitest";
import { escapeCues } from "./web-vtt-cues.ts";

const cue = (words: string) => `WEBVTT\n\n00:01.000 --> 00:02.000\n${words}\n`;

test.each([
  { name: "plain words stay", words: "Hello\nyou", expected: "Hello\nyou" },
  { name: "a sign that is no tag", words: "1 < 2 & <3 you", expected: "1 &lt; 2 &amp; &lt;3 you" },
  {
    name: "tags of ffmpeg's own stay",
    words: "<i>A</i> <b>b</b> <u>c</u>",
    expected: "<i>A</i> <b>b</b> <u>c</u>",
  },
  { name: "an arrow", words: "a --> b", expected: "a --&gt; b" },
  { name: "an empty line between words", words: "one\n\ntwo", expected: "one\ntwo" },
  { name: "a space that does not break", words: String.raw`you\hthere`, expected: "you&nbsp;there" },
  { name: "what the source had escaped stays", words: "A&amp;B", expected: "A&amp;B" },
])("$name", ({ words, expected }) => expect(escapeCues(cue(words))).toBe(cue(expected)));

test("cues and the head stay apart", () => {
  const text = `${cue("a")}\n01:00:02.000 --> 01:00:03.000\nb <c>\n`;
  expect(escapeCues(text)).toBe(`${cue("a")}\n01:00:02.000 --> 01:00:03.000\nb &lt;c&gt;\n`);
  expect(escapeCues("WEBVTT\n\n")).toBe("WEBVTT\n");
});
