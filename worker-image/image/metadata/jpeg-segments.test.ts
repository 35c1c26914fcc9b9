import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { joinJpeg, splitJpeg, startsWith } from "./jpeg-segments.ts";

const gradient = Buffer.from(Array.from({ length: 64 * 48 * 3 }, (_, index) => (index * 7) % 256));
const picture = () => sharp(gradient, { raw: { width: 64, height: 48, channels: 3 } });
const kinds = {
  baseline: picture().jpeg(),
  progressive: picture().jpeg({ progressive: true }),
  "of few colours": picture().grayscale().jpeg({ chromaSubsampling: "4:4:4" }),
  CMYK: picture().toColourspace("cmyk").jpeg(),
  mozjpeg: picture().jpeg({ mozjpeg: true }),
  "with EXIF and a profile": picture()
    .withExif({ IFD0: { Artist: "Ann" } })
    .withIccProfile("p3")
    .jpeg(),
};

describe.each(Object.entries(kinds))("a %s JPEG", (_, pipeline) => {
  test("comes back byte for byte", async () => {
    const file = await pipeline.toBuffer();
    const parts = splitJpeg(file);
    if (!parts) throw new Error("its segments do not add up");
    expect(joinJpeg(parts).equals(file)).toBe(true);
  });

  test("shows the same without its metadata, and what came after its end is gone", async () => {
    const file = await pipeline.toBuffer();
    const parts = splitJpeg(Buffer.concat([file, Buffer.from("PK\x03\x04<script>")]));
    if (!parts) throw new Error("its segments do not add up");
    const bare = joinJpeg({ ...parts, segments: parts.segments.filter((each) => startsWith(each, "Adobe")) });
    expect(bare.includes("script")).toBe(false);
    expect(bare.includes("Exif")).toBe(false);
    const [before, after] = await Promise.all(
      [file, bare].map((each) => sharp(each, { ignoreIcc: true }).raw().toBuffer()),
    );
    expect(after?.equals(before ?? Buffer.alloc(0))).toBe(true);
  });

  test("cut anywhere is no JPEG, and never a part of one", async () => {
    const file = await pipeline.toBuffer();
    for (let length = 0; length < file.length; length += 3)
      if (splitJpeg(file.subarray(0, length))) expect.fail(`${length} bytes are one`);
  });
});

test.each([
  { name: "a PNG", bytes: [0x89, 0x50, 0x4e, 0x47] },
  { name: "a segment longer than the file", bytes: [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 0, 0] },
  { name: "junk between segments", bytes: [0xff, 0xd8, 0x00, 0xe1, 0, 4, 0, 0, 0xff, 0xd9] },
  { name: "a scan that never ends", bytes: [0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 3] },
])("$name is no JPEG whose segments add up", ({ bytes }) => {
  expect(splitJpeg(Buffer.from(bytes))).toBeUndefined();
});
