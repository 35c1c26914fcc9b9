/** Transfer functions whose brightness goes beyond white (ITU-T H.273, table 3). */
const TRANSFERS: ReadonlyMap<number, "PQ" | "HLG"> = new Map([
  [16, "PQ"],
  [18, "HLG"],
]);

/**
 * By which of them an AVIF or HEIC begins that is brighter than white; undefined for any other. Its colours are told in
 * numbers (ISO/IEC 14496-12, 12.1.5), the picture's own before those of any that belong to it, as gain maps do.
 */
export function highDynamicRange(head: Uint8Array): "PQ" | "HLG" | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const at = bytes.indexOf("colrnclx", 0, "latin1");
  if (at === -1 || at + 12 > bytes.length) return undefined;
  return TRANSFERS.get(bytes.readUInt16BE(at + 10));
}
