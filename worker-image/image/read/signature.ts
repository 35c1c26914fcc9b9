// biome-ignore-all lint/suspicious/noControlCharactersInRegex: signatures are bytes of any value
import { open } from "node:fs/promises";

/** What a file is, by its first bytes and never by its name. */

/** The kinds that can be opened, and those that are known well enough to say what they are. */
export type ImageKind = "jpeg" | "png" | "webp" | "avif" | "gif" | "tiff" | "svg" | "heic";

/** As much of a file as is looked at: an SVG may begin with a comment or a licence. */
const SIGNATURE_BYTES = 4096;

/** The first bytes of a file, for `kindOf`. */
export async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(SIGNATURE_BYTES), 0, SIGNATURE_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The kind of image that begins with these bytes; undefined for anything else. */
export function kindOf(head: Uint8Array): ImageKind | undefined {
  const text = latin1(head);
  if (text.startsWith("\xff\xd8\xff")) return "jpeg";
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (text.startsWith("RIFF") && text.startsWith("WEBP", 8)) return "webp";
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) return "gif";
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return "tiff";
  if (text.startsWith("ftyp", 4)) return heifKind(text);
  return isSvg(head) ? "svg" : undefined;
}

/** What a file that is no image seems to be, for the message; by the best-known signatures. */
export function otherKindOf(head: Uint8Array): string {
  const text = latin1(head);
  const known = OTHERS.find(([pattern]) => pattern.test(text));
  return known?.[1] ?? "of no known kind";
}

const OTHERS: readonly [RegExp, string][] = [
  [/^.{4}ftyp/s, "a video or audio file (MP4 family)"],
  [/^\x1aE\xdf\xa3/, "a video or audio file (Matroska or WebM)"],
  [/^RIFF.{4}(AVI |WAVE)/s, "a video or audio file (RIFF)"],
  [/^(ID3|\xff[\xfb\xf3\xf2]|OggS|fLaC)/, "an audio file"],
  [/^%PDF/, "a PDF document"],
  [/^PK[\x03\x05]/, "a ZIP archive"],
  [/^\x1f\x8b/, "a gzip archive"],
  [/^BM/, "a BMP image, which is not read"],
  [/^8BPS/, "a Photoshop document, which is not read"],
  [/^(\xff\x0a|\0\0\0\x0cJXL )/, "a JPEG XL image, which is not read"],
  [/^\0\0\0\x0cjP {2}/, "a JPEG 2000 image, which is not read"],
  [/^\s*(<!DOCTYPE html|<html)/i, "an HTML page; the download may have failed"],
  [/^\s*[[{]/, "JSON or other text"],
  [/^\0+$/, "all zeros; the upload may not have ended"],
];

/** ISO 23008-12 and AV1 Image File Format: the major brand, then the compatible ones, four letters each. */
function heifKind(text: string): ImageKind | undefined {
  const size = Math.min(text.charCodeAt(2) * 256 + text.charCodeAt(3), 256);
  const brands = [text.slice(8, 12), ...(text.slice(16, size).match(/.{4}/gs) ?? [])];
  if (brands.some((brand) => brand === "avif" || brand === "avis")) return "avif";
  if (brands.some((brand) => /^(heic|heix|heim|heis|hevc|hevx|mif1|msf1)$/.test(brand))) return "heic";
  return undefined;
}

/** An XML text whose first element is `svg`, whatever comments, entities and declarations come before. */
function isSvg(head: Uint8Array): boolean {
  if (head[0] === 0x1f && head[1] === 0x8b) return false; // svgz: its size is known only after it is unpacked
  const utf16 =
    head[0] === 0xff && head[1] === 0xfe
      ? "utf-16le"
      : head[0] === 0xfe && head[1] === 0xff
        ? "utf-16be"
        : "utf-8";
  const text = new TextDecoder(utf16).decode(head).trimStart();
  if (!text.startsWith("<")) return false;
  const elements = text.replace(/<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^[>]*(\[[\s\S]*?\]\s*)?>/gi, "");
  return /^\s*<(\w+:)?svg[\s>]/.test(elements);
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
