import { expect, test } from "vitest";
import { maybeSilent, samplePlaces } from "./decode-sample.ts";

test("a short file is decoded whole, a longer one in three places", () => {
  expect(samplePlaces(1.5)).toEqual([]);
  expect(samplePlaces(60)).toEqual([0, 30, 59.75]);
});

test.each([
  { name: "a film that begins and ends in silence is not", peaks: [-91, -12, -91], silent: false },
  {
    name: "one that is silent in all places may be",
    peaks: [-91, Number.NEGATIVE_INFINITY, -91],
    silent: true,
  },
  { name: "of two tracks one may be silent throughout", peaks: [-91, -3, -91, -4, -91, -5], silent: true },
  { name: "no sound at all is not silence", peaks: [], silent: false },
])("$name", ({ peaks, silent }) => expect(maybeSilent(peaks, 3)).toBe(silent));
