import { expect, test } from "vitest";
import { shownUntil, takingArguments } from "./from-the-start.ts";

const EXTRACTION = {
  sourcePath: "/in/a.ts",
  index: 0,
  seconds: [5, 12],
  filters: ["scale=160:90"],
  directory: "/tmp",
  perRun: 25,
};
const wish = { chosen: [360_000, 1_076_400], threads: 2 };

test("a source without an index is sought nowhere, and read no further than it must be", () => {
  const list = takingArguments({ ...EXTRACTION, exact: false }, wish);
  expect(list.filter((token) => token === "-i")).toHaveLength(1);
  expect(list).not.toContain("-ss");
  expect(list.join(" ")).toContain("-skip_frame nokey -t 42");
  expect(list).toContain("select=eq(pts\\,360000)+eq(pts\\,1076400),scale=160:90");
});

test("for exact frames all are decoded", () => {
  expect(takingArguments({ ...EXTRACTION, exact: true }, wish)).not.toContain("-skip_frame");
});

const shownAt = (...times: number[]) => times.map((seconds) => ({ seconds, pts: seconds * 90_000 }));

test.each([
  { name: "as long as it declares", shown: shownAt(0, 5, 10), declared: 12, expected: 12 },
  { name: "keyframes may be far apart", shown: shownAt(0, 10), declared: 39, expected: 39 },
  { name: "a clock that jumped by an hour", shown: shownAt(0, 5, 10), declared: 3612, expected: 15 },
  { name: "one keyframe before the clock jumped", shown: shownAt(0), declared: 3602, expected: 0 },
  { name: "nothing was shown", shown: [], declared: 12, expected: 12 },
  { name: "nothing is declared", shown: shownAt(0, 5), declared: null, expected: null },
])("a source without an index, $name, ends at $expected s", ({ shown, declared, expected }) => {
  expect(shownUntil(shown, declared)).toBe(expected);
});
