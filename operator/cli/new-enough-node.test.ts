import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { isNewEnough } from "./new-enough-node.ts";

test.each([
  { version: "20.20.2", expected: false },
  { version: "22.18.0", expected: false },
  { version: "22.19.0", expected: true },
  { version: "24.1.0", expected: true },
  { version: process.versions.node, expected: true },
])("Node.js $version is new enough: $expected", ({ version, expected }) => {
  expect(isNewEnough(version, packageJson.engines.node)).toBe(expected);
});
