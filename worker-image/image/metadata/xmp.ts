/** Of a picture that is to be turned or mirrored, as an attribute or an element (XMP specification part 2, tiff namespace). */
const TURNED = /(tiff:Orientation\s*(?:=\s*["']|>\s*))[2-8](?=\s*["'<])/g;

/**
 * XMP that says of a picture that it is upright, where it says anything of it: Adobe's programs turn what they read by
 * it, and would turn again what was turned. Every other byte is as it was.
 */
export const uprightXmp = (xmp: Buffer): Buffer =>
  Buffer.from(xmp.toString("latin1").replace(TURNED, "$11"), "latin1");
