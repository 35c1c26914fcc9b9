import { expect, test } from "vitest";
import { copyingArguments, framesPerRun, takingArguments } from "./extraction.ts";

const EXTRACTION = {
  sourcePath: "/in/a.mp4",
  index: 0,
  seconds: [],
  filters: ["scale=160:90"],
  directory: "/tmp",
  perRun: 25,
};
const frames = [
  { seconds: 5, path: "/tmp/frame-0.png" },
  { seconds: 12.5, path: "/tmp/frame-1.png" },
];

const GIB = 2 ** 30;
const HD = { width: 1920, height: 1080 };
const UHD = { width: 3840, height: 2160 };
const THUMBNAIL = { width: 160, height: 90 };
test.each([
  { name: "thumbnails of HD", memoryBytes: GIB, source: HD, made: THUMBNAIL, expected: 25 },
  { name: "whole frames of HD", memoryBytes: 0.75 * GIB, source: HD, made: HD, expected: 11 },
  { name: "whole frames of 4K", memoryBytes: 0.75 * GIB, source: UHD, made: UHD, expected: 2 },
  { name: "what there is no memory for", memoryBytes: GIB / 10, source: UHD, made: UHD, expected: 1 },
])("of $name a run takes $expected", ({ memoryBytes, source, made, expected }) => {
  expect(framesPerRun(memoryBytes, { source, made })).toBe(expected);
});

test("each frame is a seek of its own in one run", () => {
  const list = takingArguments({ ...EXTRACTION, exact: false }, frames);
  expect(list.filter((token) => token === "-i")).toHaveLength(2);
  expect(list.join(" ")).toContain("-noaccurate_seek -skip_frame nokey -ss 12.500000");
  expect(list.join(" ")).toContain("-map 1:0 -filter:v scale=160:90 -fps_mode:v passthrough -frames:v 1");
});

test("exact frames are decoded up to", () => {
  const list = takingArguments({ ...EXTRACTION, exact: true }, frames);
  expect(list).not.toContain("-skip_frame");
  expect(list.join(" ")).toContain(",fps=25:start_time=0:round=up,scale=160:90 ");
});

test("many keyframes are chosen by an expression that is nowhere deep", () => {
  const packets = Array.from({ length: 2000 }, (_, at) => at * 7);
  const expression = copyingArguments({ ...EXTRACTION, exact: false }, packets, "/tmp/k.mov").join(" ");
  expect(expression.match(/eq\(/g)).toHaveLength(2000);
  expect(
    Math.max(...(expression.match(/(?:eq\([^)]*\)\+?)+/g) ?? []).map((row) => row.split("+").length)),
  ).toBeLessThanOrEqual(8);
});
