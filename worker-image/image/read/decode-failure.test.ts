import { expect, test } from "vitest";
import { decodeFailure, ranOut } from "./decode-failure.ts";

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

test.each([
  { said: "timeout: 42% complete", expected: true },
  { said: "vips_tracked: out of memory -- size == 48MB", expected: true },
  { said: "hist_local: window too large", expected: false },
])("$said is of the run: $expected", ({ said, expected }) => expect(ranOut(new Error(said))).toBe(expected));
