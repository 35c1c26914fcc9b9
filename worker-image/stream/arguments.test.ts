import { expect, test } from "vitest";
import { scaledFrom } from "./arguments.ts";
import { ladderOf } from "./ladder.ts";

const sources = (renditions: number[]) => {
  const { rungs } = ladderOf(
    { width: 3840, height: 2160, fps: 25 },
    {
      ladder: "Explicit",
      renditions: renditions.map((height) => ({ height, bitrateKbps: 1000 })),
      codec: "h264",
    },
  );
  return scaledFrom(rungs).map((from) => (from === undefined ? "source" : rungs[from]?.name));
};

test.each([
  {
    name: "each rung comes from the smallest that is half as large again",
    renditions: [240, 360, 480, 720, 1080, 1440, 2160],
    expected: ["360p", "720p", "720p", "1080p", "2160p", "2160p", "source"],
  },
  {
    name: "or from the largest, where none is",
    renditions: [900, 1000, 1080],
    expected: ["1080p", "1080p", "source"],
  },
  { name: "one rung comes from the source", renditions: [720], expected: ["source"] },
])("$name", ({ renditions, expected }) => expect(sources(renditions)).toEqual(expected));
