import { expect, test } from "vitest";
import { seamDifferences } from "./join.ts";
import type { Rendition } from "./rendition.ts";

const part = (startSeconds: number, frames: number) => ({
  startSeconds,
  endSeconds: startSeconds + frames / 25,
  frames,
});
const rendition = ({ fps = { num: 25, den: 1 } as Rendition["fps"], frames = null as number | null } = {}) =>
  ({ fps, work: { fps: undefined }, picture: { frames } }) as Rendition;

test.each([
  { name: "neighbours touch", parts: [part(0, 50), part(2, 50)], expected: [] },
  {
    name: "a frame is there twice",
    parts: [part(0, 51), part(2, 50)],
    expected: ["frames at 2 s are there twice"],
  },
  {
    name: "a frame is lost",
    parts: [part(0, 49), part(2, 50)],
    expected: ["0.040 s before 2 s are missing"],
  },
  {
    name: "a gap that the source has itself is none",
    parts: [part(0, 49), part(2, 50)],
    of: rendition({ frames: 99 }),
    expected: [],
  },
  {
    name: "the source has that frame",
    parts: [part(0, 49), part(2, 50)],
    of: rendition({ frames: 100 }),
    expected: ["0.040 s before 2 s are missing"],
  },
  {
    name: "a varying rate has no distance to go by",
    parts: [part(0, 49), part(3, 50)],
    of: rendition({ fps: null }),
    expected: [],
  },
])("$name", ({ parts, of = rendition(), expected }) => expect(seamDifferences(parts, of)).toEqual(expected));
