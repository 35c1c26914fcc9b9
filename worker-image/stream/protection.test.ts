import { describe, expect, test } from "vitest";
import { keyIdOf, keyOf } from "./protection.ts";

const REF = { name: "film", key: "key" };
const HEX = "00112233445566778899aabbccddeeff";

describe("a key in a Secret", () => {
  test.each([
    { name: "is 16 bytes", value: Buffer.from(HEX, "hex") },
    { name: "or 32 hexadecimal digits", value: Buffer.from(HEX) },
    { name: "with the line end of whoever wrote them", value: Buffer.from(`${HEX.toUpperCase()}\n`) },
  ])("$name", ({ value }) => expect(keyOf(value, REF).toString("hex")).toBe(HEX));

  test("is told as wrong without being told", () => {
    const value = Buffer.from("my secret word");
    expect(() => keyOf(value, REF)).toThrow(
      "the key key of the Secret film must be 16 bytes or 32 hexadecimal digits, and has 14 bytes",
    );
  });
});

test("an address has one key id", () => {
  expect(keyIdOf("https://keys.test/1")).toMatch(/^[0-9a-f]{32}$/);
  expect(keyIdOf("https://keys.test/1")).toBe(keyIdOf("https://keys.test/1"));
  expect(keyIdOf("https://keys.test/2")).not.toBe(keyIdOf("https://keys.test/1"));
});
