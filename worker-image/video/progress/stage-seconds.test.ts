import { expect, test } from "vitest";
import type { Rendition } from "../rendition.ts";
import { encodeSeconds, encodingSeconds, renditionSeconds } from "./stage-seconds.ts";

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

test("of a small rendition of a large source most is reading, more of it with tone mapping", () => {
  const rendition = (work: object, codec = "h264") =>
    ({
      output: { codec, preset: "veryfast" },
      size: { width: 640, height: 360 },
      fps: { num: 25, den: 1 },
      picture: { storedWidth: 3840, storedHeight: 2160, frameRate: { num: 25, den: 1 } },
      work: { deinterlace: "none", ...work },
      expectedSeconds: 60,
    }) as Rendition;
  const plain = renditionSeconds(rendition({}), 2);
  expect(encodingSeconds(rendition({}), 2)).toBeLessThan(plain / 5);
  expect(renditionSeconds(rendition({ toneMapFrom: "HDR10" }), 2)).toBeGreaterThan(plain);
  expect(renditionSeconds(rendition({}, "copy"), 2)).toBeLessThan(1);
});
