import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Output } from "../../../crds/outputs/output.ts";
import type { Warning } from "../../../crds/result.ts";

/** Names that fontconfig gives a font whatever there is. */
const GENERIC: ReadonlySet<string> = new Set([
  ...["sans", "sans-serif", "serif", "mono", "monospace", "system-ui", "ui-sans-serif", "ui-serif"],
  ...["ui-monospace", "cursive", "fantasy"],
]);

/** What follows the family in a font's name (Pango 1.50, pango_font_description_from_string); hyphens may be left out. */
const STYLE =
  /[ -]+((ultra|extra|semi|demi)-?(thin|light|bold|heavy|black|condensed|expanded)|thin|light|book|regular|medium|normal|bold|heavy|black|condensed|expanded|roman|italic|oblique|(all-?)?small-?caps)$/i;

/** Families told in a message: more do not help who reads it. */
const FAMILIES_TOLD = 5;

/**
 * Fonts that texts ask for and that are not there: fontconfig takes the nearest, and says nothing. Those of one output
 * are told once, whatever it is made of.
 *
 * @param families of the fonts that are there; undefined where nobody knows
 */
export async function missingFonts(
  outputs: readonly Output[],
  families: () => Promise<readonly string[] | undefined> = installed,
): Promise<Warning[]> {
  const asked = outputs.flatMap(({ name, image }) =>
    (image?.overlays ?? []).flatMap(({ text }, index) =>
      text && !GENERIC.has(familyOf(text.font)) ? [{ output: name, index, font: text.font }] : [],
    ),
  );
  const known = asked.length > 0 ? await families() : undefined;
  if (!known) return [];
  const names = new Set(known.map((family) => family.toLowerCase()));
  return asked
    .filter(({ font }) => !names.has(familyOf(font)))
    .map(({ output, index, font }) => ({
      output,
      reason: "FontMissing",
      message: `output ${output} draws overlays[${index}].text in the font ${font}, which the worker image does not have, so the nearest of its own is taken; choose one of them (${toldOf(known)}), or add the font's package to Dockerfile.worker`,
    }));
}

/** The family in a font's name, in lower case: what is left without weight and style. */
function familyOf(font: string): string {
  let family = ` ${font.trim()}`;
  while (STYLE.test(family)) family = family.replace(STYLE, "");
  return family.trim().toLowerCase() || "sans";
}

function toldOf(families: readonly string[]): string {
  const sorted = [...new Set(families)].toSorted();
  const more = sorted.length - FAMILIES_TOLD;
  return sorted.slice(0, FAMILIES_TOLD).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

let known: Promise<readonly string[] | undefined> | undefined;

/** By fontconfig's list: a line for each font, with all names of its family. Undefined where its program is missing. */
const installed = (): Promise<readonly string[] | undefined> => {
  known ??= promisify(execFile)("fc-list", [":", "--format", "%{family}\\n"], { maxBuffer: 2 ** 26 }).then(
    ({ stdout }) =>
      stdout
        .split(/[,\n]/)
        .map((family) => family.trim())
        .filter(Boolean),
    () => undefined,
  );
  return known;
};
