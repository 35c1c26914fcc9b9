import { expect, test } from "vitest";
import { thumbnailsTrack } from "./web-vtt.ts";

test("cues name the sheet and the cell, with times beyond an hour", () => {
  const cue = { sheet: "a b-001.jpg", x: 160, y: 90, width: 160, height: 90 };
  expect(
    thumbnailsTrack([
      { ...cue, fromSeconds: 0, toSeconds: 59.9996 },
      { ...cue, fromSeconds: 3661.5, toSeconds: 3662 },
    ]),
  ).toBe(
    "WEBVTT\n\n" +
      "00:00:00.000 --> 00:01:00.000\na%20b-001.jpg#xywh=160,90,160,90\n\n" +
      "01:01:01.500 --> 01:01:02.000\na%20b-001.jpg#xywh=160,90,160,90\n",
  );
});
