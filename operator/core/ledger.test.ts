import { expect, test } from "vitest";
import { decodeLedger, encodeLedger } from "./ledger.ts";

test.each([
  { letters: "", text: "" },
  { letters: "....", text: "4." },
  { letters: "sssf..", text: "3s1f2." },
  { letters: "spfc.", text: "1s1p1f1c1." },
])("$letters is stored as $text and read back", ({ letters, text }) => {
  expect(encodeLedger([...letters])).toBe(text);
  expect(decodeLedger(text, letters.length).join("")).toBe(letters);
});

test("an unset ledger is all open", () => expect(decodeLedger(undefined, 3).join("")).toBe("..."));

test("a ledger from before more units followed leaves these open", () =>
  expect(decodeLedger("2s", 3).join("")).toBe("ss."));

test("a ledger of more units is not trusted", () => expect(decodeLedger("3s", 2).join("")).toBe(".."));
