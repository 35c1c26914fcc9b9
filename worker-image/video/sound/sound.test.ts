import { expect, test } from "vitest";
import { sameLanguage } from "./sound.ts";

test.each([
  { tag: "ger", wanted: "deu", same: true },
  { tag: "slo", wanted: "slk", same: true },
  { tag: "vie", wanted: "vi", same: true },
  { tag: "he", wanted: "heb", same: true },
  { tag: "per", wanted: "fa", same: true },
  { tag: "nob", wanted: "no", same: true },
  { tag: "de-AT", wanted: "deu", same: true },
  { tag: "ENG", wanted: "en", same: true },
  { tag: "qaa", wanted: "qaa", same: true },
  { tag: "eng", wanted: "deu", same: false },
  { tag: "English (US)", wanted: "eng", same: false },
  { tag: "", wanted: "eng", same: false },
  { tag: null, wanted: "eng", same: false },
])("a track tagged $tag is in $wanted: $same", ({ tag, wanted, same }) => {
  expect(sameLanguage(tag, wanted)).toBe(same);
});
