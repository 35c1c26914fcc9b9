import { expect, test } from "vitest";
import { encodeSeconds } from "./stage-seconds.ts";

test("an encode takes longer with a slower preset and less with more cores", () => {
  const work = {
    codec: "h264" as const,
    preset: undefined,
    pixels: 1280 * 720,
    fps: 25,
    mediaSeconds: 60,
    cpu: 2,
  };
  const medium = encodeSeconds(work);
  expect(encodeSeconds({ ...work, preset: "veryslow" })).toBeGreaterThan(medium * 4);
  expect(encodeSeconds({ ...work, cpu: 4 })).toBe(medium / 2);
});
