import { expect, test } from "vitest";
import { imageOutput } from "../../../crds/outputs/image.ts";
import type { ImageSource } from "../read/image-source.ts";
import { staysUntouched } from "./untouched.ts";

const photo = { kind: "jpeg", frames: 1, header: { depth: "uchar", space: "srgb" } } as ImageSource;

test.each([
  { image: {}, stays: true },
  { image: { metadata: "Strip" }, stays: true },
  {
    image: { flip: false, flop: false, rotate: 0, grayscale: false, negate: false, flatten: false },
    stays: true,
  },
  { image: { density: 300 }, stays: true },
  { image: { flip: true }, stays: false },
  { image: { rotate: 90 }, stays: false },
  { image: { progressive: false }, stays: false },
  { image: { quality: 80 }, stays: false },
])("a JPEG stays as it is coded under $image: $stays", async ({ image, stays }) => {
  const settings = imageOutput.parse({ format: "jpeg", ...image });
  const rendering = { output: "o", format: "jpeg", width: undefined, height: undefined, settings } as const;
  expect(await staysUntouched(photo, rendering)).toBe(stays);
});
