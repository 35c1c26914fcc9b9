import { expect, test } from "vitest";
import { isNewer, keyOf, refOf } from "./kube-object.ts";

test.each([
  { a: "2", b: "1" },
  { a: "10", b: "9" },
  { a: "1000000000", b: "999999999" },
  { a: "18446744073709551616", b: "18446744073709551615" },
  { a: "7", b: "7" },
])("resource versions $a and $b compare as integers of any size", ({ a, b }) => {
  expect(isNewer(a, b)).toBe(BigInt(a) > BigInt(b));
  expect(isNewer(b, a)).toBe(BigInt(b) > BigInt(a));
});

test.each([
  { key: "media/holiday", ref: { namespace: "media", name: "holiday" } },
  { key: "node-1", ref: { name: "node-1" } },
])("$key names an object and is read back", ({ key, ref }) => {
  expect(keyOf(ref)).toBe(key);
  expect(refOf(key)).toEqual(ref);
});
