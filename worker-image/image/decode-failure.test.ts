import { expect, test } from "vitest";
import { decodeFailure, isOutputError } from "./decode-failure.ts";

const read = (said: string, cutShort = false) =>
  decodeFailure(new Error(said), { what: "source a (a.jpg)", kind: "jpeg", cutShort }).reason;

test.each([
  { said: "VipsJpeg: premature end of JPEG image", expected: "SourceTruncated" },
  { said: "gifload: Unexpected end of GIF source data", expected: "SourceTruncated" },
  { said: "Input image exceeds pixel limit", expected: "SourceTooLarge" },
  {
    said: "source: bad seek to 1024\nheif: Invalid input: No 'meta' box: Cannot read full meta box (2.104)",
    expected: "SourceTruncated",
  },
  { said: "heif: Unsupported feature: Unsupported codec (4.3000)", expected: "UnsupportedFormat" },
  { said: "vipspng: libpng read error", expected: "SourceCorrupt" },
  { said: "out of memory --- size == 48MB", expected: "MemoryLimitExceeded" },
])("$said is $expected", ({ said, expected }) => expect(read(said)).toBe(expected));

test("what lacks its end was cut short, whatever the library calls it", () => {
  expect(read("vipspng: libpng read error", true)).toBe("SourceTruncated");
  expect(read("Input file contains unsupported image format", true)).toBe("SourceTruncated");
});

test("errors of the settings are told from those of the source", () => {
  expect(isOutputError(new Error("extract_area: bad extract area"))).toBe(true);
  expect(isOutputError(new Error("Processed image is too large for the WebP format"))).toBe(true);
  expect(
    isOutputError(
      new Error("heif: Invalid input: Unexpected end of file: data (points to file position 250)"),
    ),
  ).toBe(false);
});
