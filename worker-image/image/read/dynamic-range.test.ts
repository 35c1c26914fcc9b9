import { expect, test } from "vitest";
import { highDynamicRange } from "./dynamic-range.ts";

const colours = (primaries: number, transfer: number, matrix: number) =>
  Buffer.from([...Buffer.from("\0\0\0\x13colrnclx"), 0, primaries, 0, transfer, 0, matrix, 0x80]);
const avif = (...boxes: Buffer[]) => Buffer.concat([Buffer.from("\0\0\0\x20ftypavif"), ...boxes]);

test.each([
  { name: "PQ is brighter than white", head: avif(colours(9, 16, 9)), expected: "PQ" },
  { name: "so is HLG", head: avif(colours(9, 18, 9)), expected: "HLG" },
  { name: "sRGB is not", head: avif(colours(1, 13, 6)), expected: undefined },
  { name: "a gain map says nothing of its picture", head: avif(colours(1, 13, 6), colours(9, 16, 9)) },
  { name: "nor does a file without such numbers", head: avif() },
  { name: "or one that ends within them", head: avif(colours(9, 16, 9).subarray(0, 15)) },
])("$name", ({ head, expected }) => expect(highDynamicRange(head)).toBe(expected));
