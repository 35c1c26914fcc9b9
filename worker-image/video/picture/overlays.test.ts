import { expect, test } from "vitest";
import { watermark } from "../../../crds/outputs/burn-in.ts";
import { escaped, subtitleFilter, timecodeFilter, watermarkGraph } from "./overlays.ts";

const size = { width: 1000, height: 500 };
const graphOf = (fields: object, pixelFormat = "yuv420p") =>
  watermarkGraph(watermark.parse({ path: "a.png", ...fields }), {
    input: "1:v",
    base: "base",
    size,
    pixelFormat,
    matrix: "bt709",
  });

test.each([
  { gravity: "northwest", expected: "overlay=20:20:" },
  { gravity: "north", expected: "overlay=(W-w)/2:20:" },
  { gravity: "southeast", expected: "overlay=W-w-20:H-h-20:" },
  { gravity: "centre", expected: "overlay=(W-w)/2:(H-h)/2:" },
])("a watermark sits in the $gravity", ({ gravity, expected }) =>
  expect(graphOf({ gravity })).toContain(expected),
);

test("a watermark without times is always there, one with times only then", () => {
  expect(graphOf({})).not.toContain("enable");
  expect(graphOf({ startSeconds: 2, endSeconds: 5 })).toContain(":enable='gte(t,2)*lt(t,5)'");
  expect(graphOf({ startSeconds: 2 })).toContain(":enable='gte(t,2)'");
});

test("a watermark keeps the depth and chroma of the picture", () => {
  expect(graphOf({}, "yuv422p10le")).toContain("format=yuv422p10");
  expect(graphOf({ scale: 0.5, opacity: 0.25 })).toContain(
    "scale=500:-1:flags=lanczos,colorchannelmixer=aa=0.25",
  );
});

test.each([
  { value: "/scratch/a.ass", expected: "/scratch/a.ass" },
  { value: "10:00:00;00", expected: String.raw`10\\:00\\:00\;00` },
  { value: "/it's [here], ok", expected: String.raw`/it\\\'s \[here\]\, ok` },
])("$value is escaped for a graph", ({ value, expected }) => expect(escaped(value)).toBe(expected));

test("the digits of a timecode are as tall as their share", () => {
  const rate = { num: 30_000, den: 1001 };
  const filter = timecodeFilter(
    { gravity: "south", size: 0.1 },
    { start: "01:00:00;00", rate, picture: size },
  );
  expect(filter).toContain("timecode_rate=30000/1001");
  expect(filter).toContain("fontsize=50");
  expect(filter).toContain("y=h-th-50");
});

test.each([
  { name: "fonts of the system", fontsPath: undefined, expected: "ass=filename=/s/a.ass" },
  {
    name: "fonts that came with them",
    fontsPath: "/s/fonts",
    expected: "ass=filename=/s/a.ass:fontsdir=/s/fonts",
  },
])("subtitles are drawn with $name", ({ fontsPath, expected }) =>
  expect(subtitleFilter("/s/a.ass", fontsPath)).toBe(expected),
);
