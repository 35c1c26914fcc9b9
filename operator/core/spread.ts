import { hash } from "node:crypto";

/** A number from 0 to 1 that looks random but is always the same for the same text. */
export const spreadOf = (text: string): number =>
  Number.parseInt(hash("sha256", text, "hex").slice(0, 8), 16) / 0xffffffff;
