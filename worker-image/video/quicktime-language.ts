import { languageOf } from "./sound/sound.ts";

/**
 * The codes by which ffmpeg writes languages into MOV: QuickTime counts its languages, and of the many codes that mean
 * one of them ffmpeg knows a single one, which of these is not the usual one. Tried with ffmpeg 5.1.
 */
const CODES: Readonly<Record<string, string>> = {
  ...{ bo: "tib", cs: "ces", cy: "wel", de: "ger", el: "gre", eu: "baq", fa: "per", fr: "fra", hy: "arm" },
  ...{ is: "ice", ka: "geo", mk: "mac", ms: "may", my: "bur", nl: "dut", no: "nor", ro: "ron", sk: "slk" },
  ...{ sq: "alb", sv: "sve", zh: "chi" },
};

/** A language tag as it has to be for it to be kept in MOV. */
export const quickTimeLanguage = (tag: string): string => CODES[languageOf(tag)] ?? tag;
