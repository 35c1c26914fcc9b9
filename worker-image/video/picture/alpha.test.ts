import { expect, test } from "vitest";
import { alphaDecoder } from "./alpha.ts";

const KEPT = "yuva444p10le";
const DROPPED = "yuv420p";

test.each([
  { name: "VP9 whose alpha is kept", codec: "vp9", outputs: [KEPT], expected: ["-c:1", "libvpx-vp9"] },
  {
    name: "VP8 whose alpha one output keeps",
    codec: "vp8",
    outputs: [DROPPED, KEPT],
    expected: ["-c:1", "libvpx"],
  },
  { name: "VP9 whose alpha nobody keeps", codec: "vp9", outputs: [DROPPED], expected: [] },
  { name: "VP9 without alpha", codec: "vp9", source: "yuv420p", outputs: [KEPT], expected: [] },
  { name: "what ffmpeg's own decoder reads", codec: "png", source: "rgba", outputs: [KEPT], expected: [] },
])("$name is decoded by $expected", ({ codec, source = "yuva420p", outputs, expected }) => {
  const picture = { index: 1, codec, pixelFormat: source } as Parameters<typeof alphaDecoder>[0]["picture"];
  expect(alphaDecoder(...outputs.map((pixelFormat) => ({ picture, pixelFormat })))).toEqual(expected);
});
