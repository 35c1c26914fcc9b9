import { expect, test } from "vitest";
import { strangeColours } from "./coded-colours.ts";

const colours = (primaries: number, transfer: number, matrix: number) =>
  Buffer.from([...Buffer.from("\0\0\0\x13colrnclx"), 0, primaries, 0, transfer, 0, matrix, 0x80]);
const avif = (...boxes: Buffer[]) => Buffer.concat([Buffer.from("\0\0\0\x20ftypavif"), ...boxes]);
const png = (...codes: number[]) =>
  Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    Buffer.from("\0\0\0\x04cICP"),
    Buffer.from(codes),
  ]);

test.each([
  { name: "PQ is brighter than white", head: avif(colours(9, 16, 9)), expected: /^Hdr.* by PQ/ },
  { name: "so is HLG", head: avif(colours(9, 18, 9)), expected: /^Hdr.* by HLG/ },
  { name: "and either in a PNG", head: png(9, 16, 0, 1), expected: /^Hdr.* by PQ/ },
  { name: "Display P3 is wider than sRGB", head: avif(colours(12, 13, 6)), expected: /^Gamut.* Display P3,/ },
  { name: "in a PNG, too", head: png(12, 13, 0, 1), expected: /^Gamut.* Display P3,/ },
  { name: "sRGB is neither", head: avif(colours(1, 13, 6)) },
  { name: "nor is it in a PNG", head: png(1, 13, 0, 1) },
  { name: "a gain map says nothing of its picture", head: avif(colours(1, 13, 6), colours(9, 16, 9)) },
  { name: "nor does a file without such numbers", head: avif() },
  { name: "or one that ends within them", head: avif(colours(9, 16, 9).subarray(0, 15)) },
  { name: "be it a PNG", head: png(9, 16) },
])("$name", ({ head, expected }) => {
  const found = strangeColours(head);
  if (expected) expect(`${found?.reason}: ${found?.what}`).toMatch(expected);
  else expect(found).toBeUndefined();
});
