import { expect, test } from "vitest";
import { framesOutput, MOST_FRAMES } from "../../crds/outputs/frames.ts";
import { momentsOf } from "./moments.ts";

const moments = (output: Record<string, unknown>, duration: number | null = 60) =>
  momentsOf(framesOutput.parse(output), duration);

test.each([
  { name: "the poster is at 10 s", output: {}, duration: 60, expected: [10] },
  { name: "or in the middle of a shorter source", output: {}, duration: 8, expected: [4] },
  { name: "or at the start of one that does not tell its length", output: {}, duration: null, expected: [0] },
  {
    name: "a count lies in the middle of equal parts",
    output: { count: 3 },
    duration: 60,
    expected: [10, 30, 50],
  },
  {
    name: "multiples of a time, the start included",
    output: { everySeconds: 20 },
    duration: 60,
    expected: [0, 20, 40],
  },
  {
    name: "a multiple just before the end",
    output: { everySeconds: 1 },
    duration: 2.04,
    expected: [0, 1, 2],
  },
  {
    name: "none at the end, however it is rounded",
    output: { everySeconds: 1 },
    duration: 2.0004,
    expected: [0, 1],
  },
  { name: "a time at the very end", output: { atSeconds: [1.96, 2] }, duration: 2, expected: [1.96, 2] },
  {
    name: "the times that are named, in their order",
    output: { atSeconds: [5, 1] },
    duration: 60,
    expected: [5, 1],
  },
  {
    name: "on sprites in the order of the film, each once",
    output: { atSeconds: [10, 30, 20, 9, 10], layout: "Sprite", width: 160 },
    duration: 60,
    expected: [9, 10, 20, 30],
  },
])("$name", ({ output, duration, expected }) => expect(moments(output, duration).seconds).toEqual(expected));

test("times beyond the end are left out with a warning", () => {
  expect(moments({ atSeconds: [1, 99] })).toMatchObject({
    seconds: [1],
    warnings: [{ reason: "FramesBeyondEnd" }],
  });
});

test("where all times lie beyond the end the spec is wrong, not the source", () => {
  expect(() => moments({ atSeconds: [100] }, 10)).toThrow(
    expect.objectContaining({
      reason: "InvalidOutputSpec",
      message: "the source lasts 10 s and all of atSeconds lie beyond its end; name earlier times",
    }),
  );
});

test("too many frames are bounded with a warning", () => {
  const found = moments({ everySeconds: 0.1 }, 3600);
  expect(found.seconds).toHaveLength(MOST_FRAMES);
  expect(found.warnings).toMatchObject([{ reason: "FramesLeftOut" }]);
});
