import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { WorkFailure } from "../../work-failure.ts";
import type { Rendering } from "../rendering.ts";

/** Whether some font has a letter, by its code point. */
export type Coverage = (codePoint: number) => boolean;

/** Spaces, controls and what changes the letter before it: these are never drawn. */
const UNDRAWN = /[\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/** More of them do not help who reads the message. */
const LETTERS_TOLD = 5;

/**
 * Tells of letters that no font has, before anything is decoded: Pango would draw boxes with numbers in their place.
 *
 * @throws WorkFailure InvalidOutputSpec.
 */
export async function checkLetters(
  { output, settings }: Pick<Rendering, "output" | "settings">,
  coverage: () => Promise<Coverage> = installed,
): Promise<void> {
  for (const [index, { text }] of (settings.overlays ?? []).entries()) {
    if (!text) continue;
    const isCovered = await coverage();
    const letters = [...new Set(text.text)].filter((letter) => !UNDRAWN.test(letter));
    const missing = letters.filter((letter) => !isCovered(letter.codePointAt(0) ?? 0));
    if (missing.length === 0) continue;
    const told = missing.slice(0, LETTERS_TOLD).map((letter) => `${letter} (${nameOf(letter)})`);
    const more = missing.length > LETTERS_TOLD ? ` and ${missing.length - LETTERS_TOLD} more` : "";
    throw new WorkFailure(
      "InvalidOutputSpec",
      `output ${output} draws overlays[${index}].text, of which no font in the worker image has ${told.join(", ")}${more}; write it otherwise, lay it on as an image, or add a font's package to Dockerfile.worker`,
    );
  }
}

const nameOf = (letter: string) =>
  `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

let asked: Promise<Coverage> | undefined;

/** What the fonts have that are there, asked once. All, where fontconfig's program is missing. */
const installed = (): Promise<Coverage> => {
  asked ??= promisify(execFile)("fc-list", [":", "charset"], { maxBuffer: 2 ** 26 }).then(
    ({ stdout }) => coverageOf(stdout),
    () => () => true,
  );
  return asked;
};

/** By fontconfig's list: a line for each font, as `:charset=20-7e a0`, in hex. */
export function coverageOf(list: string): Coverage {
  const ranges = [...new Set(list.match(/\b[0-9a-f]+(?:-[0-9a-f]+)?(?=\s|$)/g) ?? [])].map((range) => {
    const [first = 0, last = first] = range.split("-").map((hex) => Number.parseInt(hex, 16));
    return { first, last };
  });
  return (codePoint) => ranges.some(({ first, last }) => first <= codePoint && codePoint <= last);
}
