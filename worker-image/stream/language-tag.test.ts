import { expect, test } from "vitest";
import { languageTag } from "./language-tag.ts";

test.each([
  { language: "eng", expected: "en" },
  { language: "deu", expected: "de" },
  { language: "ger", expected: "de" },
  { language: "en", expected: "en" },
  { language: "pt-br", expected: "pt-BR" },
  { language: "zh-Hant-TW", expected: "zh-Hant-TW" },
  { language: "haw", expected: "haw" },
  { language: "eng-x", expected: "en" },
  { language: null, expected: null },
])("$language is written $expected", ({ language, expected }) =>
  expect(languageTag(language)).toBe(expected),
);
