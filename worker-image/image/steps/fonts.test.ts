import { expect, test } from "vitest";
import { output } from "../../../crds/outputs/output.ts";
import { missingFonts } from "./fonts.ts";

const told = async (...fonts: string[]) => {
  const overlays = fonts.map((font) => ({ text: { text: "Hello", font } }));
  const card = output.parse({ name: "card", image: { format: "png", overlays } });
  const families = ["DejaVu Sans", "DejaVu Sans Mono", "Arial Black", "Droid Sans Fallback"];
  return (await missingFonts([card], async () => families)).map(({ message }) => message);
};

test.each([
  ...["sans", "Serif bold", "monospace", "bold", "DejaVu Sans", "dejavu sans mono Semi-Bold Oblique"],
  "DejaVu Sans demibold",
])("%s is there", async (font) => expect(await told(font)).toEqual([]));

test.each(["Comic Sans MS", "DejaVu Sans Comic", "Arial Black", "sans heavyy"])(
  "%s is not, and the nearest is taken",
  async (font) => {
    expect(await told("sans", font)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^output card draws overlays\\[1\\]\\.text in the font ${font}, .*\\(Arial Black, DejaVu Sans, .*\\)`,
        ),
      ),
    ]);
  },
);

test("where nobody knows what is there, nothing is told", async () => {
  const overlays = [{ text: { text: "Hello", font: "Comic Sans MS" } }];
  const card = output.parse({ name: "card", image: { format: "png", overlays } });
  expect(await missingFonts([card], async () => undefined)).toEqual([]);
});
