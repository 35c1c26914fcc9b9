import { expect, test } from "vitest";
import { kindOf, otherKindOf } from "./signature.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

test.each([
  { text: "\xff\xd8\xff\xe0", expected: "jpeg" },
  { text: "\x89PNG\r\n\x1a\n", expected: "png" },
  { text: "RIFF\x10\0\0\0WEBPVP8 ", expected: "webp" },
  { text: "GIF87a", expected: "gif" },
  { text: "GIF89a", expected: "gif" },
  { text: "II*\0", expected: "tiff" },
  { text: "MM\0*", expected: "tiff" },
  { text: "II+\0", expected: "tiff" },
  { text: "\0\0\0\x1cftypavif\0\0\0\0mif1avif", expected: "avif" },
  { text: "\0\0\0\x1cftypmif1\0\0\0\0mif1avif", expected: "avif" },
  { text: "\0\0\0\x18ftypheic\0\0\0\0mif1heic", expected: "heic" },
  { text: "<svg xmlns='http://www.w3.org/2000/svg'/>", expected: "svg" },
  {
    text: "\n<?xml version='1.0'?>\n<!-- <html> -->\n<!DOCTYPE svg [<!ENTITY a 'b'>]>\n<svg>",
    expected: "svg",
  },
  { text: "<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>", expected: "svg" },
  { text: "<html><svg></svg></html>", expected: undefined },
  { text: "RIFF\x10\0\0\0WAVEfmt ", expected: undefined },
  { text: "\0\0\0\x20ftypisom\0\0\x02\0isomiso2", expected: undefined },
  { text: "\xff\xd8", expected: undefined },
  { text: "", expected: undefined },
])("$text is $expected", ({ text, expected }) => expect(kindOf(bytes(text))).toBe(expected));

test("an SVG in UTF-16 is one as well", () => {
  expect(kindOf(Buffer.from("\ufeff<svg>", "utf16le"))).toBe("svg");
});

test.each([
  { text: "\0\0\0\x20ftypisom", expected: /MP4/ },
  { text: "%PDF-1.7", expected: /PDF/ },
  { text: "\0\0\0\0", expected: /upload may not have ended/ },
  { text: "<!DOCTYPE html>", expected: /download may have failed/ },
  { text: "whatever", expected: /no known kind/ },
])("what is no image is called by its name: $text", ({ text, expected }) =>
  expect(otherKindOf(bytes(text))).toMatch(expected),
);
