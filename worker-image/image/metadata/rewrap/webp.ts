import type { Rewrap } from "./rewrap.ts";

/** RFC 9649: chunks of type, length and content, padded to even, within one RIFF chunk. */
interface Chunk {
  type: string;
  content: Buffer;
}

const OF_PICTURE: ReadonlySet<string> = new Set(["ANIM", "ANMF", "ALPH", "VP8 ", "VP8L"]);

/** Flags of the chunk VP8X, which says what else there is (2.7). */
const FLAGS = { profile: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04, animation: 0x02 };

/**
 * What is coded of a WebP, all its frames, with other chunks beside it. What came after its end is gone. EXIF alone has a
 * place for a density.
 */
export const rewrapWebp: Rewrap = (file, { metadata, ownExif, profile, alpha }) => {
  const chunks = chunksOf(file);
  if (!chunks?.some(({ type }) => type === "VP8 " || type === "VP8L" || type === "ANMF")) return undefined;
  const of = (type: string) => chunks.filter((each) => each.type === type);
  const added = (type: string, content: Buffer | undefined) => (content ? [{ type, content }] : []);
  const profiles = profile ? of("ICCP") : [];
  const isOwn = metadata === undefined && ownExif === undefined;
  const exif = isOwn ? of("EXIF") : added("EXIF", ownExif ?? metadata?.exif);
  const xmp = metadata === undefined ? of("XMP ") : added("XMP ", metadata.xmp);
  const picture = chunks.filter(({ type }) => OF_PICTURE.has(type));
  const kept = [...profiles, ...picture, ...exif, ...xmp];
  const [extended] = of("VP8X");
  if (!extended && kept.length === picture.length) return join(picture);
  const size = extended?.content.subarray(4, 10) ?? sizeOf(picture);
  if (size?.length !== 6) return undefined;
  const flags =
    (profiles.length > 0 ? FLAGS.profile : 0) |
    (exif.length > 0 ? FLAGS.exif : 0) |
    (xmp.length > 0 ? FLAGS.xmp : 0) |
    (extended ? (extended.content[0] ?? 0) & (FLAGS.alpha | FLAGS.animation) : alpha ? FLAGS.alpha : 0);
  return join([{ type: "VP8X", content: Buffer.concat([Buffer.from([flags, 0, 0, 0]), size]) }, ...kept]);
};

/** The chunks; undefined when they do not add up. */
function chunksOf(file: Buffer): Chunk[] | undefined {
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WEBP") return undefined;
  const fileEnd = 8 + file.readUInt32LE(4);
  if (fileEnd > file.length) return undefined;
  const chunks: Chunk[] = [];
  let at = 12;
  while (at + 8 <= fileEnd) {
    const length = file.readUInt32LE(at + 4);
    const end = at + 8 + length;
    if (end > fileEnd) return undefined;
    chunks.push({ type: file.toString("latin1", at, at + 4), content: file.subarray(at + 8, end) });
    at = end + (length % 2);
  }
  return chunks;
}

function join(chunks: readonly Chunk[]): Buffer {
  const body = chunks.flatMap(({ type, content }) => {
    const head = Buffer.alloc(8);
    head.write(type, "latin1");
    head.writeUInt32LE(content.length, 4);
    return [head, content, Buffer.alloc(content.length % 2)];
  });
  const bytes = body.reduce((sum, { length }) => sum + length, 4);
  const head = Buffer.alloc(12);
  head.write("RIFF", "latin1");
  head.writeUInt32LE(bytes, 4);
  head.write("WEBP", 8, "latin1");
  return Buffer.concat([head, ...body]);
}

/** Width and height less one, three bytes each, as VP8X wants them, out of the header of a picture's data. */
function sizeOf(picture: readonly Chunk[]): Buffer | undefined {
  const [first] = picture;
  if (!first || first.content.length < 10) return undefined;
  const { type, content } = first;
  const size = Buffer.alloc(6);
  if (type === "VP8 ") {
    // RFC 6386, 9.1: 14 bits each after a frame tag and a start code of three bytes.
    size.writeUIntLE((content.readUInt16LE(6) & 0x3fff) - 1, 0, 3);
    size.writeUIntLE((content.readUInt16LE(8) & 0x3fff) - 1, 3, 3);
  } else if (type === "VP8L") {
    // RFC 9649, 3.4: 14 bits each after a signature byte, less one already.
    const bits = content.readUInt32LE(1);
    size.writeUIntLE(bits & 0x3fff, 0, 3);
    size.writeUIntLE((bits >>> 14) & 0x3fff, 3, 3);
  } else return undefined;
  return size;
}
