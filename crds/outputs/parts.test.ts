import { expect, test } from "vitest";
import { cuttingOf, whyInOnePiece } from "./parts.ts";
import { streamOutput } from "./stream.ts";
import { videoOutput } from "./video.ts";

test.each([
  { name: "a plain rendition may be cut", video: {}, expected: true },
  { name: "a bitrate is met by each part", video: { bitrateKbps: 2000 }, expected: true },
  { name: "sound is made whole by the join", video: { audio: { loudness: {} } }, expected: true },
  { name: "an editing proxy may be cut", video: { codec: "prores", container: "mov" }, expected: true },
  { name: "cuts stay whole", video: { cuts: [{ startSeconds: 1 }] }, expected: false },
  { name: "no cuts are none", video: { cuts: [] }, expected: true },
  { name: "appended files stay whole", video: { append: ["b.mp4"] }, expected: false },
  { name: "interpolation is what parts are for", video: { interpolate: { fps: 60 } }, expected: true },
  { name: "another speed stays whole", video: { speed: 2 }, expected: false },
  { name: "speed 1 is the source's", video: { speed: 1 }, expected: true },
  { name: "copied packets stay whole", video: { codec: "copy" }, expected: false },
  { name: "two passes stay whole", video: { bitrateKbps: 2000, twoPass: true }, expected: false },
  { name: "a target size stays whole", video: { targetBytes: 8_000_000 }, expected: false },
  { name: "a buffer stays whole", video: { maxBitrateKbps: 3000 }, expected: false },
])("$name", ({ video, expected }) => {
  const output = videoOutput.parse(video);
  expect(whyInOnePiece(output) === undefined).toBe(expected);
});

test.each([
  {
    name: "a rendition is cut where a keyframe would be",
    output: { video: videoOutput.parse({ keyframeIntervalSeconds: 4 }) },
    expected: { stepSeconds: 4, whyNot: undefined },
  },
  {
    name: "a stream is cut between its segments",
    output: { stream: streamOutput.parse({ segmentSeconds: 6 }) },
    expected: { stepSeconds: 6, whyNot: undefined },
  },
  { name: "nothing else is cut", output: {}, expected: undefined },
])("$name", ({ output, expected }) => expect(cuttingOf(output)).toEqual(expected));
