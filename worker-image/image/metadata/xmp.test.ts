import { expect, test } from "vitest";
import { uprightXmp } from "./xmp.ts";

test.each([
  { xmp: "<tiff:Orientation>6</tiff:Orientation>", expected: "<tiff:Orientation>1</tiff:Orientation>" },
  {
    xmp: `<rdf:Description tiff:Orientation="8" a="8"/>`,
    expected: `<rdf:Description tiff:Orientation="1" a="8"/>`,
  },
  { xmp: "tiff:Orientation = '3'", expected: "tiff:Orientation = '1'" },
  { xmp: "<tiff:Orientation>62</tiff:Orientation>", expected: "<tiff:Orientation>62</tiff:Orientation>" },
  { xmp: "<dc:title>Jürgen 日本 6</dc:title>", expected: "<dc:title>Jürgen 日本 6</dc:title>" },
])("XMP says that a picture is upright: $xmp", ({ xmp, expected }) => {
  expect(uprightXmp(Buffer.from(xmp)).toString()).toBe(expected);
});
