import { expect, test } from "vitest";
import { imageOutput } from "../../../crds/outputs/image.ts";
import { checkLetters, coverageOf } from "./letters.ts";

const FONTS = ":charset=20-7e a0-17f 2014\n:charset=391-3a9 1f600\n";

const checked = async (...texts: string[]) => {
  const overlays = texts.map((text) => ({ text: { text } }));
  const settings = imageOutput.parse({ format: "png", overlays });
  await checkLetters({ output: "card", settings }, async () => coverageOf(FONTS));
};

test.each(["Grüße — ΑΒΓ", "two\nlines\tand a joiner\u200d", "😀\ufe0f"])("%j can be drawn", async (text) => {
  await expect(checked(text)).resolves.toBeUndefined();
});

test.each([
  {
    text: "漢a字",
    told: "output card draws overlays[1].text, of which no font in the worker image has 漢 (U+6F22), 字 (U+5B57); write",
  },
  { text: "אבגדהוז", told: "ה (U+05D4) and 2 more; write" },
  { text: "\u{10fffd}", told: "(U+10FFFD)" },
])("$text cannot be drawn", async ({ text, told }) => {
  await expect(checked("plain", text)).rejects.toMatchObject({
    reason: "InvalidOutputSpec",
    message: expect.stringContaining(told),
  });
});
