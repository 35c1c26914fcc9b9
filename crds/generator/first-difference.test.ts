import { expect, test } from "vitest";
import { firstDifference } from "./first-difference.ts";

test.each([
  { name: "equal texts do not differ", actual: "a\nb\n", expected: "a\nb\n", difference: undefined },
  { name: "an empty text is a missing file", actual: "", expected: "a\n", difference: "It does not exist." },
  {
    name: "the first line that differs is shown from both sides",
    actual: "a\n  b: 1\nc",
    expected: "a\n  b: 2\nd",
    difference: 'Line 2 holds "b: 1", the schema says "b: 2".',
  },
  {
    name: "lines past the end are nothing",
    actual: "a\nb",
    expected: "a",
    difference: 'Line 2 holds "b", the schema says nothing.',
  },
])("$name", ({ actual, expected, difference }) => expect(firstDifference(actual, expected)).toBe(difference));
