/** Transfer functions whose brightness goes beyond white (ITU-T H.273, table 3). */
const BRIGHT: ReadonlyMap<number, string> = new Map([
  [16, "PQ"],
  [18, "HLG"],
]);

/** Primaries with colours beyond those of sRGB (table 2). */
const WIDE: ReadonlyMap<number, string> = new Map([
  [9, "BT.2020"],
  [11, "DCI P3"],
  [12, "Display P3"],
]);

/** Colours that no step knows of, which would be taken for sRGB. */
export interface StrangeColours {
  reason: "HdrTakenForSrgb" | "GamutTakenForSrgb";
  /** What is told of the picture. */
  what: string;
}

/** Those of an AVIF, HEIC or PNG that begins so and has no profile; undefined for colours like sRGB's. */
export function strangeColours(head: Uint8Array): StrangeColours | undefined {
  const { primaries = 0, transfer = 0 } = codedColours(head) ?? {};
  const curve = BRIGHT.get(transfer);
  if (curve) {
    return { reason: "HdrTakenForSrgb", what: `of high dynamic range, its brightness by ${curve}` };
  }
  const gamut = WIDE.get(primaries);
  return gamut === undefined
    ? undefined
    : { reason: "GamutTakenForSrgb", what: `in the colours of ${gamut}, which it tells by numbers alone` };
}

/**
 * Colours that are told in numbers: by a box (ISO/IEC 14496-12, 12.1.5), the picture's own before those of any that
 * belong to it, as gain maps do, or by a chunk (PNG, third edition, 11.3.2.6).
 */
function codedColours(head: Uint8Array): { primaries: number; transfer: number } | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const isPng = bytes.toString("latin1", 1, 4) === "PNG";
  const at = bytes.indexOf(isPng ? "\0\0\0\x04cICP" : "colrnclx", 0, "latin1") + 8;
  if (at < 8 || at + 4 > bytes.length) return undefined;
  return isPng
    ? { primaries: bytes.readUInt8(at), transfer: bytes.readUInt8(at + 1) }
    : { primaries: bytes.readUInt16BE(at), transfer: bytes.readUInt16BE(at + 2) };
}
