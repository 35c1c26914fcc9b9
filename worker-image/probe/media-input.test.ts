import { expect, test } from "vitest";
import { DEMUXERS, inputArguments } from "./media-input.ts";

test("a path of any bytes stays one argument and never becomes an option or an address", () => {
  for (const path of ["-y", "http://host/a.mp4", "a b\nc.mp4", "ü:é.mp4", "concat:a|b"]) {
    expect(inputArguments(path).slice(-2)).toEqual(["-i", `file:${path}`]);
  }
});

test("input options stand before the input they belong to", () => {
  const list = inputArguments("a.mp4", { options: ["-ss", "5"] });
  expect(list.indexOf("-ss")).toBeLessThan(list.indexOf("-i"));
});

test.each(["hls", "concat", "dash", "image2", "sdp", "rtsp", "imf", "lavfi", "ffmetadata", "rawvideo"])(
  "%s, which reads other files or anything at all, is not opened",
  (demuxer) => expect(DEMUXERS).not.toContain(demuxer),
);
