import { expect, test } from "vitest";
import { takingArguments } from "./from-the-start.ts";

const EXTRACTION = {
  sourcePath: "/in/a.ts",
  index: 0,
  seconds: [5, 12],
  filters: ["scale=160:90"],
  directory: "/tmp",
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
