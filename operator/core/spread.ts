import { createHash } from "node:crypto";

/** A number from 0 to 1 that looks random but is always the same for the same text. */
export const spreadOf = (text: string): number =>
  createHash("sha256").update(text).digest().readUInt32BE(0) / 0xffffffff;
