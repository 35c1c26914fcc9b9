import { expect, test } from "vitest";
import { parseColour } from "./colour.ts";
import { placed, rolled } from "./overlays.ts";

const base = { width: 100, height: 80 };
const overlay = { width: 20, height: 10 };

test.each([
  { gravity: "centre", expected: { left: 40, top: 35 } },
  { gravity: "northwest", expected: { left: 0, top: 0 } },
  { gravity: "north", expected: { left: 40, top: 0 } },
  { gravity: "east", expected: { left: 80, top: 35 } },
  { gravity: "southeast", expected: { left: 80, top: 70 } },
] as const)("$gravity", ({ gravity, expected }) =>
  expect(placed(gravity, { base, overlay })).toEqual(expected),
);

test("an offset moves to the right and down", () => {
  expect(placed("southeast", { base, overlay, offset: { horizontal: -5, vertical: -6 } })).toEqual({
    left: 75,
    top: 64,
  });
});

test.each([
  { horizontal: 1, vertical: 0, expected: [3, 1, 2, 6, 4, 5] },
  { horizontal: -1, vertical: 0, expected: [2, 3, 1, 5, 6, 4] },
  { horizontal: 0, vertical: 3, expected: [4, 5, 6, 1, 2, 3] },
  { horizontal: -304, vertical: -2, expected: [2, 3, 1, 5, 6, 4] },
])("a tile is moved by $horizontal, $vertical within itself", ({ expected, ...offset }) => {
  const tile = { data: Buffer.from([1, 2, 3, 4, 5, 6]), info: { width: 3, height: 2, channels: 1 } };
  expect([...rolled(tile, offset).data]).toEqual(expected);
});

test.each([
  { text: "#f00", expected: { r: 255, g: 0, b: 0, alpha: 1 } },
  { text: "#0f08", expected: { r: 0, g: 255, b: 0, alpha: 136 / 255 } },
  { text: "#1e3cC8", expected: { r: 30, g: 60, b: 200, alpha: 1 } },
  { text: "#00000000", expected: { r: 0, g: 0, b: 0, alpha: 0 } },
])("$text is a colour", ({ text, expected }) => expect(parseColour(text)).toEqual(expected));
